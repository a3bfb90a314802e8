//! Sockets of the fake guest: real ones, of which the test has the other ends.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use container_agent_api::v1::socket_request::Request;
use container_agent_api::v1::{SocketRequest, SocketResponse};
use container_stream::{Relayed, relay};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

/// Messages that may wait for a slow reader.
const QUEUE: usize = 2;

pub(super) type ResponseStream = ReceiverStream<Result<SocketResponse, Status>>;

/// What the guest has.
#[derive(Debug, Clone, Default)]
pub(super) struct Sockets {
    /// By path in the container, where its programs listen in truth.
    pub(super) programs: HashMap<String, PathBuf>,
    /// By number, where the agent listens.
    pub(super) listeners: HashMap<u32, Arc<UnixListener>>,
}

impl Sockets {
    /// Answers either call.
    pub(super) async fn answer(&self, mut requests: Streaming<SocketRequest>) -> Result<ResponseStream, Status> {
        let first = requests.message().await?.and_then(|first| first.request);
        let (responses, receiver) = mpsc::channel(QUEUE);
        match first {
            Some(Request::Dial(dial)) => {
                let Some(path) = self.programs.get(&dial.path) else {
                    return Err(Status::not_found("there is no such socket"));
                };
                let connected = UnixStream::connect(path).await;
                let socket = connected.map_err(|error| Status::failed_precondition(error.to_string()))?;
                tokio::spawn(carry(socket, requests, responses));
            }
            Some(Request::Accept(accept)) => {
                let Some(listener) = self.listeners.get(&accept.listener).cloned() else {
                    return Err(Status::not_found("there is no such listener"));
                };
                tokio::spawn(async move {
                    tokio::select! {
                        Ok((socket, _)) = listener.accept() => carry(socket, requests, responses).await,
                        () = responses.closed() => {}
                    }
                });
            }
            Some(Request::Message(_)) | None => return Err(Status::invalid_argument("neither dial nor accept")),
        }
        Ok(ReceiverStream::new(receiver))
    }
}

async fn carry(
    socket: UnixStream,
    requests: Streaming<SocketRequest>,
    responses: mpsc::Sender<Result<SocketResponse, Status>>,
) {
    if responses.send(Ok(SocketResponse::connected())).await.is_ok() {
        let pieces = requests.map_while(|request| Relayed::try_from(request.ok()?).ok());
        relay(socket, pieces, responses, |piece| Ok(piece.into())).await;
    }
}
