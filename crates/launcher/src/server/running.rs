//! The run that a request is for.

use std::sync::Arc;

use tonic::Status;

use crate::session::{Run, Session};

/// The run whose workload runs, for a request to its guest. One that stands still would not answer.
pub(super) fn running(session: &Session) -> Result<Arc<Run>, Status> {
    if let Some(reason) = session.paused_because() {
        return Err(Status::failed_precondition(format!("it is paused: {reason}")));
    }
    session.running().ok_or_else(|| {
        Status::failed_precondition(match session.is_between_runs() {
            true => "the container is restarting: wait until it runs",
            false => "the container is not running",
        })
    })
}
