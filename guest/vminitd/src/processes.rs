//! The processes that the host can name.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use container_workload::{WindowSize, send_signal, set_window_size};
use rustix::io::Errno;
use tokio::sync::Notify;
use tonic::Status;

use crate::descriptor::Descriptor;

/// Running processes by the host's name for them.
#[derive(Default)]
pub(crate) struct Processes {
    running: Mutex<HashMap<String, Process>>,
    gone: Notify,
}

struct Process {
    pidfd: Arc<OwnedFd>,
    /// The call that carries the output holds the terminal. It is closed when the host drops that call.
    terminal: Weak<Descriptor>,
}

impl Processes {
    fn running(&self) -> MutexGuard<'_, HashMap<String, Process>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.running().contains_key(id)
    }

    pub(crate) fn insert(&self, id: String, pidfd: Arc<OwnedFd>, terminal: Weak<Descriptor>) {
        self.running().insert(id, Process { pidfd, terminal });
    }

    /// Forgets a process that has been waited for.
    pub(crate) fn remove(&self, id: &str) {
        self.running().remove(id);
        self.gone.notify_waiters();
    }

    /// Waits until no process is left.
    pub(crate) async fn all_gone(&self) {
        loop {
            let gone = self.gone.notified();
            if self.running().is_empty() {
                return;
            }
            gone.await;
        }
    }

    pub(crate) fn signal(&self, id: &str, signal: u32) -> Result<(), Status> {
        let running = self.running();
        match send_signal(find(&running, id)?.pidfd.as_fd(), signal) {
            Ok(()) => Ok(()),
            // The process has just ended, and its exit is on its way to the host.
            Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Ok(()),
            Err(error) => Err(Status::invalid_argument(format!(
                "cannot send signal {signal}: {error}"
            ))),
        }
    }

    pub(crate) fn resize(&self, id: &str, size: WindowSize) -> Result<(), Status> {
        let running = self.running();
        let Some(terminal) = find(&running, id)?.terminal.upgrade() else {
            return Err(Status::failed_precondition(format!("process \"{id}\" has no terminal")));
        };
        set_window_size(terminal.as_fd(), size)
            .map_err(|error| Status::internal(format!("cannot resize the terminal: {error}")))
    }
}

fn find<'a>(running: &'a HashMap<String, Process>, id: &str) -> Result<&'a Process, Status> {
    running
        .get(id)
        .ok_or_else(|| Status::not_found(format!("there is no process \"{id}\"")))
}
