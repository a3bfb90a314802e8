//! The calls about the container's disks as a whole: giving free space back to the host, and holding still while the host copies them.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use container_agent_api::v1::{FreezeResponse, TrimResponse};
use container_workload::{Container, DiskWork, done_bytes, send_signal};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::descriptor::Descriptor;
use crate::exit;
use crate::machine::Machine;
use crate::requests::SIGKILL;

/// How long the disks stay frozen at most: a host that forgets them must not stop the container for good.
const FROZEN_MAX: Duration = Duration::from_secs(30);
/// Largest report, bytes: a line of 21 bytes for each of the disks that a machine can have.
const REPORT_BYTES: usize = 16 << 10;

/// Discards what is free.
pub(crate) async fn trim(machine: Arc<Machine>) -> Result<TrimResponse, Status> {
    let (answer, done) = oneshot::channel();
    // A task of its own, so that the process is waited for also when the host drops the call.
    tokio::spawn(async move {
        let trimmed = async {
            let _turn = machine.disk_turn.take().await?;
            let process = machine.with_container(Container::start_trim)?.map_err(internal)?;
            finish(&machine, process).await
        };
        let _ = answer.send(trimmed.await);
    });
    let trimmed_bytes = done.await.map_err(|_| Status::internal("the work was lost"))??;
    Ok(TrimResponse { trimmed_bytes })
}

/// Freezes the disks, for as long as the response stream is read.
pub(crate) fn freeze(machine: Arc<Machine>) -> ReceiverStream<Result<FreezeResponse, Status>> {
    let (responses, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        let frozen = async {
            let _turn = machine.disk_turn.take().await?;
            // Dropped before the turn is over, also when only some of them are frozen.
            let (_frozen, process) = machine.with_container(Container::start_freeze)?.map_err(internal)?;
            finish(&machine, process).await?;
            hold(&machine, &responses).await
        };
        if let Err(status) = frozen.await {
            let _ = responses.send(Err(status)).await;
        }
    });
    ReceiverStream::new(receiver)
}

/// Says that the disks are frozen, and returns when they are to be thawed.
async fn hold(machine: &Machine, responses: &mpsc::Sender<Result<FreezeResponse, Status>>) -> Result<(), Status> {
    let held = async {
        let _ = responses.send(Ok(FreezeResponse {})).await;
        responses.closed().await;
    };
    tokio::select! {
        () = held => Ok(()),
        () = machine.disk_turn.ended() => Err(Status::aborted("the machine is shutting down")),
        () = tokio::time::sleep(FROZEN_MAX) => Err(Status::deadline_exceeded(format!(
            "the disks have been held still for {} s",
            FROZEN_MAX.as_secs()
        ))),
    }
}

/// Waits for the end of work, which a shutdown brings about.
pub(crate) async fn finish(machine: &Machine, DiskWork { pidfd, report }: DiskWork) -> Result<Vec<u64>, Status> {
    let ended = async {
        let report = async { Descriptor::new(report)?.read_to_end(REPORT_BYTES).await };
        (report.await, exit::wait(&pidfd).await)
    };
    let kill = async {
        machine.disk_turn.ended().await;
        let _ = send_signal(pidfd.as_fd(), SIGKILL);
        std::future::pending().await
    };
    let (report, exited) = tokio::select! {
        ended = ended => ended,
        never = kill => never,
    };
    let exited = exited.map_err(internal)?;
    let done = done_bytes(&report.map_err(internal)?).map_err(Status::internal)?;
    match exited.exit_code {
        0 => Ok(done),
        code => Err(Status::aborted(format!("the work on the disks ended with code {code}"))),
    }
}

fn internal(error: std::io::Error) -> Status {
    Status::internal(error.to_string())
}
