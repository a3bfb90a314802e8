//! The calls about Unix sockets.

use container_agent_api::v1::socket_request::Request;
use container_agent_api::v1::{AcceptSocketRequest, DialSocketRequest};

use super::{AgentClient, SHORT_CALL_TIMEOUT, bounded};
use crate::error::AgentError;
use crate::socket::{Call, GuestSocket, open};

impl AgentClient {
    /// Connects to the Unix socket at `path` in the running container.
    ///
    /// # Errors
    /// [`AgentError`]; [`AgentError::Refused`] with [`tonic::Code::NotFound`] when there is no socket, with
    /// [`tonic::Code::FailedPrecondition`] when nobody listens on it, and with [`tonic::Code::ResourceExhausted`] when its queue is full.
    pub async fn dial_socket(&self, path: &str) -> Result<GuestSocket, AgentError> {
        let first = Request::Dial(DialSocketRequest { path: path.to_owned() });
        let opened = open(self.grpc.clone(), Call::Dial, first);
        bounded("DialSocket", SHORT_CALL_TIMEOUT, opened).await
    }

    /// Waits, without a limit, for the next connection to a socket on which the agent listens. A connection that comes while the future is
    /// dropped may be lost: its program sees it closed.
    ///
    /// # Errors
    /// [`AgentError`]; [`AgentError::Refused`] with [`tonic::Code::NotFound`] when the container was made without this listener.
    pub async fn accept_socket(&self, listener: u32) -> Result<GuestSocket, AgentError> {
        let first = Request::Accept(AcceptSocketRequest { listener });
        open(self.grpc.clone(), Call::Accept, first).await
    }
}
