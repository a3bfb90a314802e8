//! Connections of Unix sockets between the host and the container.

use container_agent_api::v1::agent_client::AgentClient as GrpcClient;
use container_agent_api::v1::socket_request::Request;
use container_agent_api::v1::socket_response::Response;
use container_agent_api::v1::{SocketRequest, SocketResponse};
use container_stream::{Relayed, relay};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use crate::error::{AgentError, Violation};

/// Messages of one connection that may wait for the transport.
const QUEUE: usize = 2;

/// The container's end of a connection. Dropping it closes the container's socket.
#[derive(Debug)]
pub struct GuestSocket {
    requests: mpsc::Sender<SocketRequest>,
    responses: Streaming<SocketResponse>,
}

impl GuestSocket {
    /// Carries the connection between the container's socket and `socket` until it has ended on both sides. Dropping the future closes both.
    pub async fn relay(self, socket: UnixStream) {
        // What the guest sends ends with anything that is no piece of a connection.
        let pieces = self
            .responses
            .map_while(|response| Relayed::try_from(response.ok()?).ok());
        relay(socket, pieces, self.requests, SocketRequest::from).await;
    }
}

/// Which of the two calls it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    Dial,
    Accept,
}

impl Call {
    fn name(self) -> &'static str {
        match self {
            Self::Dial => "DialSocket",
            Self::Accept => "AcceptSocket",
        }
    }
}

/// Makes the call and waits for its connection.
pub(crate) async fn open(mut grpc: GrpcClient<Channel>, call: Call, first: Request) -> Result<GuestSocket, AgentError> {
    let failed = |status: Status| AgentError::from_status(call.name(), &status);
    let violation = |violation| AgentError::Protocol {
        call: call.name(),
        violation,
    };
    let (requests, receiver) = mpsc::channel(QUEUE);
    let first = SocketRequest { request: Some(first) };
    let stream = tokio_stream::once(first).chain(ReceiverStream::new(receiver));
    let answer = match call {
        Call::Dial => grpc.dial_socket(stream).await,
        Call::Accept => grpc.accept_socket(stream).await,
    };
    let mut responses = answer.map_err(failed)?.into_inner();
    let first = responses
        .message()
        .await
        .map_err(failed)?
        .and_then(|first| first.response);
    match first {
        Some(Response::Connected(_)) => Ok(GuestSocket { requests, responses }),
        Some(Response::Message(_)) => Err(violation(Violation::NotConnected)),
        None => Err(violation(Violation::Empty)),
    }
}
