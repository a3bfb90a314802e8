//! The calls about the steps of a build.

use std::time::Duration;

use container_agent_api::v1::{
    AddArchiveRequest, AddArchiveResponse, BeginStepRequest, BeginStepResponse, SealStepRequest,
};
use tokio_stream::Stream;
use tonic::Response;

use super::{AgentClient, unary};
use crate::error::AgentError;

/// Limit of BeginStep: many layers and mounts take long under emulation, and a new cache may get a copy of a tree.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(600);

/// Limit of SealStep: all that the guest's memory has for the disks is written, to a disk of the host that may be slow.
const SEAL_TIMEOUT: Duration = Duration::from_secs(600);

impl AgentClient {
    /// Makes the root of the next step.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn begin_step(&self, request: BeginStepRequest) -> Result<BeginStepResponse, AgentError> {
        let mut grpc = self.grpc.clone();
        unary("BeginStep", BEGIN_TIMEOUT, grpc.begin_step(request)).await
    }

    /// Makes what was written since the last call a layer; its number, which names the directory on the disk.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn seal_step(&self) -> Result<u32, AgentError> {
        let mut grpc = self.grpc.clone();
        let sealed = unary("SealStep", SEAL_TIMEOUT, grpc.seal_step(SealStepRequest {})).await?;
        Ok(sealed.number)
    }

    /// Makes the files of an archive outside of what steps see; the number of the directory of a layer. There is no limit of time: it takes as long as `requests`, which ends with `end`.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn add_archive(
        &self,
        requests: impl Stream<Item = AddArchiveRequest> + Send + 'static,
    ) -> Result<u32, AgentError> {
        let mut grpc = self.grpc.clone();
        grpc.add_archive(requests)
            .await
            .map(Response::into_inner)
            .map(|AddArchiveResponse { number }| number)
            .map_err(|status| AgentError::from_status("AddArchive", &status))
    }
}
