//! The calls about files that the host shares.

use container_agent_api::v1::AnnounceChangesRequest;

use super::AgentClient;
use crate::error::AgentError;

impl AgentClient {
    /// Has the guest's kernel tell its watchers what happened to shared files on the host. Only after [`AgentClient::create_container`].
    ///
    /// Takes as long as the guest does: who gave up sooner could not know what had been told, and the rest would be lost.
    ///
    /// # Errors
    /// [`AgentError`]; [`AgentError::Refused`] with [`tonic::Code::InvalidArgument`] for names that lead elsewhere.
    pub async fn announce_changes(&self, request: AnnounceChangesRequest) -> Result<(), AgentError> {
        let mut grpc = self.grpc.clone();
        let told = grpc.announce_changes(request).await;
        told.map(drop)
            .map_err(|status| AgentError::from_status("AnnounceChanges", &status))
    }
}
