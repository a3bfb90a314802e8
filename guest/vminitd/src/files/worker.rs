//! A forked process that works on files, until it has been waited for.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use container_workload::{FilesJob, FilesOutcome, FilesProcess, send_signal};
use tonic::Status;

use crate::descriptor::Descriptor;
use crate::exit;
use crate::machine::Machine;
use crate::requests::SIGKILL;

/// Largest record of an outcome, bytes: two paths and some numbers.
const REPORT_BYTES: usize = 16 << 10;

/// Tells the processes apart.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// The process. A shutdown waits for it as for those that the host named.
pub(super) struct Worker {
    machine: Arc<Machine>,
    /// Beside the names that the host gives, which have no slash.
    id: String,
    pidfd: Arc<OwnedFd>,
    report: OwnedFd,
}

impl Worker {
    /// Starts one, and gives its end of the archive.
    pub(super) fn start(machine: Arc<Machine>, job: &FilesJob) -> Result<(OwnedFd, Self), Status> {
        let process = machine.start_on_files(job)?;
        Ok(Self::with(machine, process))
    }

    /// Has one that was started, and gives its end of the archive.
    pub(super) fn with(machine: Arc<Machine>, process: FilesProcess) -> (OwnedFd, Self) {
        let FilesProcess { pidfd, stream, report } = process;
        let id = format!("files-{}/", NUMBER.fetch_add(1, Ordering::Relaxed));
        let pidfd = Arc::new(pidfd);
        machine.processes.insert(id.clone(), Arc::clone(&pidfd), Weak::new());
        let worker = Self {
            machine,
            id,
            pidfd,
            report,
        };
        (stream, worker)
    }

    /// Ends it before it is done.
    pub(super) fn kill(&self) {
        let _ = send_signal(self.pidfd.as_fd(), SIGKILL);
    }

    /// Waits for its end. This goes on when the host drops the call: the process then ends for lack of a stream, and has to be waited for.
    pub(super) async fn outcome(self) -> Result<FilesOutcome, Status> {
        tokio::spawn(self.wait())
            .await
            .map_err(|error| Status::internal(error.to_string()))?
            .map_err(|error| Status::internal(error.to_string()))
    }

    async fn wait(self) -> std::io::Result<FilesOutcome> {
        let record = match Descriptor::new(self.report) {
            Ok(report) => report.read_to_end(REPORT_BYTES).await,
            Err(error) => Err(error),
        };
        let exited = exit::wait(&self.pidfd).await;
        self.machine.processes.remove(&self.id);
        exited?;
        Ok(FilesOutcome::decode(&record?))
    }
}
