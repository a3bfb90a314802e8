//! Disks of a running container as a whole.

use std::sync::Arc;

use container_agent::AgentError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::control::v1::FreezeResponse;
use crate::session::Run;

/// Responses that may wait for the client: that the disks are frozen, and why they are not any more.
const RESPONSE_QUEUE: usize = 2;

/// Gives free blocks back to the host; how many bytes.
pub(super) async fn trim(run: Arc<Run>) -> Result<u64, Status> {
    // The guest goes on when the client goes away; another call would wait for it there.
    run.agent.trim().await.map_err(failed)
}

/// Freezes the disks for as long as the client reads the stream.
pub(super) async fn freeze(run: Arc<Run>) -> Result<ReceiverStream<Result<FreezeResponse, Status>>, Status> {
    let mut frozen = run.agent.freeze().await.map_err(failed)?;
    let (responses, receiver) = mpsc::channel(RESPONSE_QUEUE);
    tokio::spawn(async move {
        if responses.send(Ok(FreezeResponse {})).await.is_err() {
            return;
        }
        tokio::select! {
            () = responses.closed() => {}
            error = frozen.thawed() => {
                let _ = responses.send(Err(failed(error))).await;
            }
        }
    });
    Ok(ReceiverStream::new(receiver))
}

fn failed(error: AgentError) -> Status {
    Status::failed_precondition(error.to_string())
}
