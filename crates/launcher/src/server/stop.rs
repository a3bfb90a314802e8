//! Wishes of clients to end the container.

use std::time::Duration;

use container_model::Signal;
use tonic::Status;

use super::signal::STOP_TIMEOUT_MAX;
use crate::control::v1::{EndWithHostRequest, EndWithHostResponse, StopRequest, StopResponse};
use crate::session::Session;

/// Ends the container because a user wants that.
pub(super) async fn stop(session: &Session, request: StopRequest) -> Result<StopResponse, Status> {
    let StopRequest { signal, timeout_ms } = request;
    let signal = match signal {
        0 => None,
        number => Some(Signal::from_number(number).map_err(|error| Status::invalid_argument(error.to_string()))?),
    };
    session.wish(|wishes| wishes.by_user = true);
    session.stop(signal, timeout(timeout_ms));
    let ending = session.recorded().await;
    // A container that was stopped before its workload ran is stopped all the same.
    Ok(StopResponse {
        exit_status: ending.exit_status(),
    })
}

/// Ends the container because its host goes down.
pub(super) async fn end_with_host(session: &Session, request: EndWithHostRequest) -> EndWithHostResponse {
    tracing::info!("the host goes down");
    session.note_end_with_host();
    session.stop(None, timeout(request.timeout_ms));
    session.recorded().await;
    EndWithHostResponse {}
}

fn timeout(timeout_ms: u64) -> Duration {
    Duration::from_millis(timeout_ms).min(STOP_TIMEOUT_MAX)
}
