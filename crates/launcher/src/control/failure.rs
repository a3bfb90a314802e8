//! Failures in the protocol's words.

use container_agent_api::v1::StartFailure;

use super::v1::{Failure, FailureKind};

/// A process that the guest could not start.
pub(crate) fn start_failure(reason: StartFailure, message: String) -> Failure {
    let kind = match reason {
        StartFailure::NotFound => FailureKind::NotFound,
        StartFailure::NotExecutable => FailureKind::NotExecutable,
        _ => FailureKind::Launch,
    };
    Failure {
        kind: kind.into(),
        message,
        hint: String::new(),
    }
}
