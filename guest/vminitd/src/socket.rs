//! Unix sockets: connections of the host to programs of the container, and of those to the host.

use std::io;
use std::os::fd::AsRawFd as _;

use container_agent_api::v1::socket_request::Request;
use container_agent_api::v1::{AcceptSocketRequest, DialSocketRequest, SocketRequest, SocketResponse};
use container_stream::{Relayed, relay};
use container_workload::FindSocketError;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::machine::Machine;

/// Messages of one connection that may wait for the host.
const QUEUE: usize = 2;

pub(crate) type ResponseStream = ReceiverStream<Result<SocketResponse, Status>>;

/// Connects to a socket of the container.
pub(crate) async fn dial(machine: &Machine, mut requests: Streaming<SocketRequest>) -> Result<ResponseStream, Status> {
    let Some(Request::Dial(DialSocketRequest { path })) = first(&mut requests).await? else {
        return Err(Status::invalid_argument("the first request must be dial"));
    };
    if !path.starts_with('/') || path.contains('\0') {
        return Err(Status::invalid_argument("the path is not absolute"));
    }
    let found = machine.find_socket(&path).map_err(|error| match error {
        FindSocketError::Missing => Status::not_found(error.to_string()),
        FindSocketError::NotRunning | FindSocketError::NoSocket => Status::failed_precondition(error.to_string()),
        FindSocketError::Kernel(_) => Status::internal(error.to_string()),
    })?;
    // By the file that was found and not by its path, which may lead elsewhere by now. It does not wait: a full queue is an error.
    let connected = UnixStream::connect(format!("/proc/self/fd/{}", found.as_raw_fd())).await;
    let socket = connected.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => Status::failed_precondition("nobody listens on it"),
        io::ErrorKind::WouldBlock => Status::resource_exhausted("its queue is full"),
        _ => Status::internal(error.to_string()),
    })?;
    let (responses, receiver) = mpsc::channel(QUEUE);
    // There is room for it.
    let _ = responses.try_send(Ok(SocketResponse::connected()));
    tokio::spawn(carry(socket, requests, responses));
    Ok(ReceiverStream::new(receiver))
}

/// Waits for a connection to a socket on which the agent listens.
pub(crate) async fn accept(
    machine: &Machine,
    mut requests: Streaming<SocketRequest>,
) -> Result<ResponseStream, Status> {
    let Some(Request::Accept(AcceptSocketRequest { listener })) = first(&mut requests).await? else {
        return Err(Status::invalid_argument("the first request must be accept"));
    };
    let Some(listener) = machine.listeners.get(listener) else {
        return Err(Status::not_found(format!("there is no listener {listener}")));
    };
    let (responses, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = responses.closed() => return,
        };
        let answer = match &accepted {
            Ok(_) => Ok(SocketResponse::connected()),
            Err(error) => Err(Status::internal(format!("cannot accept a connection: {error}"))),
        };
        if responses.send(answer).await.is_ok()
            && let Ok((socket, _)) = accepted
        {
            carry(socket, requests, responses).await;
        }
    });
    Ok(ReceiverStream::new(receiver))
}

async fn first(requests: &mut Streaming<SocketRequest>) -> Result<Option<Request>, Status> {
    Ok(requests.message().await?.and_then(|first| first.request))
}

/// Carries a connection. What the host sends ends with anything that is no piece of it.
async fn carry(
    socket: UnixStream,
    requests: Streaming<SocketRequest>,
    responses: mpsc::Sender<Result<SocketResponse, Status>>,
) {
    let pieces = requests.map_while(|request| Relayed::try_from(request.ok()?).ok());
    relay(socket, pieces, responses, |piece| Ok(piece.into())).await;
}
