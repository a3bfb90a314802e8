//! The calls about the container's files.

use container_agent_api::TREE_CHUNK_BYTES;
use container_agent_api::v1::{
    ReadTreeRequest, ReadTreeResponse, StatPathRequest, StatPathResponse, WriteTreeRequest, WriteTreeResponse,
};
use tokio_stream::Stream;
use tonic::{Response, Streaming};

use super::{AgentClient, SHORT_CALL_TIMEOUT, unary};
use crate::error::{AgentError, Violation};

/// The call's name in errors.
const READ: &str = "ReadTree";

/// An archive that the guest makes. It is what the guest says it is, and must be read with care. Dropping it ends the work.
#[derive(Debug)]
pub struct TreeArchive(Streaming<ReadTreeResponse>);

impl TreeArchive {
    /// The next bytes; nothing when the archive is complete.
    ///
    /// # Errors
    /// [`AgentError`]; what was read before is no complete archive then.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, AgentError> {
        let response = self
            .0
            .message()
            .await
            .map_err(|status| AgentError::from_status(READ, &status))?;
        match response {
            Some(ReadTreeResponse { chunk }) if chunk.len() > TREE_CHUNK_BYTES => Err(AgentError::Protocol {
                call: READ,
                violation: Violation::ChunkTooLarge {
                    size_bytes: chunk.len(),
                },
            }),
            response => Ok(response.map(|response| response.chunk)),
        }
    }
}

impl AgentClient {
    /// Says what is at a path of the container.
    ///
    /// # Errors
    /// [`AgentError`]; that nothing is there is none.
    pub async fn stat_path(&self, request: StatPathRequest) -> Result<StatPathResponse, AgentError> {
        let mut grpc = self.grpc.clone();
        unary("StatPath", SHORT_CALL_TIMEOUT, grpc.stat_path(request)).await
    }

    /// Reads a tree of the container as an archive. There is no limit of time: it takes as long as it is read.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn read_tree(&self, request: ReadTreeRequest) -> Result<TreeArchive, AgentError> {
        let mut grpc = self.grpc.clone();
        grpc.read_tree(request)
            .await
            .map(|response| TreeArchive(response.into_inner()))
            .map_err(|status| AgentError::from_status(READ, &status))
    }

    /// Makes the files of an archive in the container. There is no limit of time: it takes as long as `requests`, which ends with `end`.
    ///
    /// # Errors
    /// [`AgentError`]; what was made before stays.
    pub async fn write_tree(
        &self,
        requests: impl Stream<Item = WriteTreeRequest> + Send + 'static,
    ) -> Result<(), AgentError> {
        let mut grpc = self.grpc.clone();
        grpc.write_tree(requests)
            .await
            .map(Response::into_inner)
            .map(|WriteTreeResponse {}| ())
            .map_err(|status| AgentError::from_status("WriteTree", &status))
    }
}
