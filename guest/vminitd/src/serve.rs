//! Serves the protocol on the chosen channel until the host goes away or shuts the machine down.
//!
//! The host is the first peer that shows the machine's token. On vsock other peers may connect before it; the connection of a peer
//! that does not have the host's address, shows a wrong token or does not call Hello in time is closed. Once the host is admitted, the
//! listener is closed. When a host has parked the machine and gone, everything of its connection is dropped, and the next one is waited for.
//!
//! The connection is given to hyper directly. tonic's own server would add a router, layers and time-outs that no call
//! uses and that make up a seventh of the program, which every start loads.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use container_agent_api::v1::agent_server::AgentServer;
use container_agent_api::{AGENT_VSOCK_PORT, PARKED_LINE, TREE_CHUNK_BYTES};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_vsock::{VMADDR_CID_ANY, VMADDR_CID_HOST, VsockAddr, VsockListener};
use tonic::body::Body;
use tonic::codegen::{Service, http::Response};

use crate::admission::{Admission, Peer, Standing};
use crate::agent::AgentService;
use crate::channel::{Listener, OpenPort, Port, open_port};
use crate::clock;
use crate::command_line::{Channel, Host};
use crate::descriptor::Descriptor;
use crate::machine::Machine;

/// Bytes that one stream may send ahead of what is consumed.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// Bytes that all streams together may send ahead: so many that only the windows of the streams count. Otherwise a few processes that
/// do not read their input would use the window up and stop all other calls.
const CONNECTION_WINDOW_BYTES: u32 = 1 << 30;
/// Largest frame, bytes: a chunk of an archive with what stands before it.
const FRAME_BYTES: u32 = 260 << 10;

const _: () = assert!(TREE_CHUNK_BYTES < FRAME_BYTES as usize && FRAME_BYTES <= STREAM_WINDOW_BYTES);

/// How long a peer that connected to the listener may take to show its token. The host calls Hello as soon as it is connected.
const HELLO_LIMIT: Duration = Duration::from_secs(5);
/// How long sending a refusal may take.
const REFUSAL_LIMIT: Duration = Duration::from_secs(1);

/// The host cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error("cannot open the channel to the host: {0}")]
    Channel(#[from] io::Error),
    #[error("the host did not show this machine's token")]
    Refused,
}

/// Serves until the machine is to be powered off.
pub(crate) async fn serve(host: Host) -> Result<(), ServeError> {
    let mut door = Door::open(host.channel)?;
    let machine = Arc::new(Machine::new(clock::uptime_us()));
    let admission = Admission::new(host.token);
    let power_off = machine.power_off_requested();
    let agent = |peer: &Peer| AgentServer::new(AgentService::new(machine.clone(), peer.clone()));
    eprintln!("vminitd: ready after {} ms", machine.ready_uptime_us() / 1000);
    let conversations = async {
        loop {
            match door.serve(&admission, agent).await? {
                Standing::Left => {}
                Standing::Refused => return Err(ServeError::Refused),
                Standing::Admitted | Standing::Unknown | Standing::Greeting => return Ok(()),
            }
            door = Door::open(host.channel)?;
            // What is left of the connection ends now, and not in a machine that is restored.
            tokio::task::yield_now().await;
            eprintln!("{PARKED_LINE}");
        }
    };
    tokio::select! {
        ended = conversations => ended?,
        () = power_off.notified() => return Ok(()),
    }
    machine.abandon();
    Ok(())
}

/// Where hosts come from.
enum Door {
    Port(OpenPort),
    Listener(VsockListener),
}

impl Door {
    /// The next host finds it open.
    fn open(channel: Channel) -> io::Result<Self> {
        match channel {
            Channel::Port => OpenPort::new(open_port()?).map(Self::Port),
            Channel::Vsock => VsockListener::bind(VsockAddr::new(VMADDR_CID_ANY, AGENT_VSOCK_PORT)).map(Self::Listener),
        }
    }

    /// Serves until the host has gone; how that one stood with the agent.
    async fn serve<A: Calls>(self, admission: &Admission, agent: impl Fn(&Peer) -> A) -> io::Result<Standing> {
        match self {
            Self::Port(port) => {
                let hung_up = Arc::new(Notify::new());
                let port = port.wait_for_host().await?;
                let same = port.try_clone()?;
                let port = Port::new(Descriptor::new(port)?, hung_up.clone());
                let peer = admission.peer();
                // After Park the host goes. The conversation may be over with its last frame, before it has closed its side, and a port that is opened
                // in between is still open to it. Or the conversation is not over, because it has something to send that nobody takes.
                let mut gone = pin!(async {
                    peer.left().await;
                    OpenPort::new(same)?.wait_for_hang_up().await
                });
                let standing = tokio::select! {
                    standing = converse(port, &peer, agent(&peer), None, || ()) => standing,
                    () = hung_up.notified() => peer.standing(),
                    gone = &mut gone => return gone.map(|()| Standing::Left),
                };
                if standing == Standing::Left {
                    gone.await?;
                }
                Ok(standing)
            }
            Self::Listener(listener) => listen(listener, admission, agent, HELLO_LIMIT).await,
        }
    }
}

/// Serves one peer after the other until one of them is the host; then `listener` is closed. Returns when the host has closed its
/// connection.
async fn listen<L: Listener, A: Calls>(
    listener: L,
    admission: &Admission,
    agent: impl Fn(&Peer) -> A,
    hello_limit: Duration,
) -> io::Result<Standing> {
    let mut listener = Some(listener);
    let mut standing = Standing::Unknown;
    while let Some(open) = &mut listener {
        let (stream, cid) = match open.accept().await {
            Ok(accepted) => accepted,
            // The peer has closed the connection already.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => continue,
            Err(error) => return Err(error),
        };
        if cid != VMADDR_CID_HOST {
            continue;
        }
        let peer = admission.peer();
        standing = converse(stream, &peer, agent(&peer), Some(hello_limit), || listener = None).await;
    }
    Ok(standing)
}

/// The service that answers the calls of one peer.
trait Calls:
    Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}
impl<S> Calls for S where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

/// Serves one peer until either side closes the connection. This side closes it unless the peer is admitted within the limit. Calls
/// `on_admission` when it is.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: &Peer,
    agent: impl Calls,
    hello_limit: Option<Duration>,
    on_admission: impl FnOnce(),
) -> Standing {
    let gate = peer.clone();
    let calls = service_fn(move |request: Request<Incoming>| {
        let arrival = gate.arrive(request.uri().path());
        let mut agent = agent.clone();
        async move {
            match arrival.check().await {
                Ok(()) => agent.call(request).await,
                Err(status) => Ok(status.into_http()),
            }
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES)
        .max_concurrent_streams(None)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), calls);
    let mut connection = pin!(connection);
    let over = async {
        match hello_limit {
            Some(limit) => sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    // Errors at the end of a connection are ignored: a host may close it at any time.
    let standing = tokio::select! {
        _ = connection.as_mut() => return peer.standing(),
        () = over => return peer.standing(),
        standing = peer.known() => standing,
    };
    if standing == Standing::Refused {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(REFUSAL_LIMIT, connection).await;
    } else {
        on_admission();
        let _ = connection.await;
    }
    peer.standing()
}

#[cfg(test)]
mod tests;
