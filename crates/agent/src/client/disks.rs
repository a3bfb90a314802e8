//! The calls about the machine's disks as a whole.

use std::time::Duration;

use container_agent_api::v1::{FreezeRequest, FreezeResponse, TrimRequest};
use tonic::Streaming;

use super::{AgentClient, bounded, unary};
use crate::error::{AgentError, Violation};

/// Limit of Trim: every free block of every disk, under emulation.
const TRIM_TIMEOUT: Duration = Duration::from_secs(120);
/// Limit of Freeze: all that the guest's memory has for the disks is written.
const FREEZE_TIMEOUT: Duration = Duration::from_secs(60);
/// The call's name in errors.
const FREEZE: &str = "Freeze";

/// Disks that nothing is written to: for as long as this value lives, and for 30 seconds at most.
#[derive(Debug)]
pub struct FrozenDisks(Streaming<FreezeResponse>);

impl FrozenDisks {
    /// Waits until the disks are written to again; says why.
    pub async fn thawed(&mut self) -> AgentError {
        match self.0.message().await {
            Err(status) => AgentError::from_status(FREEZE, &status),
            Ok(Some(_)) => violation(Violation::AfterEnd),
            Ok(None) => violation(Violation::NoOutcome),
        }
    }
}

fn violation(violation: Violation) -> AgentError {
    AgentError::Protocol {
        call: FREEZE,
        violation,
    }
}

impl AgentClient {
    /// Gives free blocks of the disks back to the host, except of those that the container cannot write to; returns how many bytes were
    /// discarded.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn trim(&self) -> Result<u64, AgentError> {
        let mut grpc = self.grpc.clone();
        let response = unary("Trim", TRIM_TIMEOUT, grpc.trim(TrimRequest {})).await?;
        let bytes = response.trimmed_bytes.into_iter();
        Ok(bytes.fold(0, u64::saturating_add))
    }

    /// Flushes the disks, and keeps them from being written to until the returned value is dropped.
    ///
    /// # Errors
    /// [`AgentError`]; nothing is frozen then.
    pub async fn freeze(&self) -> Result<FrozenDisks, AgentError> {
        let mut grpc = self.grpc.clone();
        let frozen = async {
            let call = grpc.freeze(FreezeRequest {}).await;
            let response = call.map_err(|status| AgentError::from_status(FREEZE, &status))?;
            let mut responses = response.into_inner();
            match responses.message().await {
                Ok(Some(FreezeResponse {})) => Ok(FrozenDisks(responses)),
                Ok(None) => Err(violation(Violation::NoOutcome)),
                Err(status) => Err(AgentError::from_status(FREEZE, &status)),
            }
        };
        bounded(FREEZE, FREEZE_TIMEOUT, frozen).await
    }
}
