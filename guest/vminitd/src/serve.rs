//! Serves the protocol on the chosen channel until the host goes away or shuts the machine down.
//!
//! Each connection is given to hyper directly. tonic's own server would add a router, layers and time-outs that no call
//! uses and that make up a seventh of the program, which every start loads.

use std::io;
use std::sync::Arc;

use container_agent_api::AGENT_VSOCK_PORT;
use container_agent_api::v1::agent_server::AgentServer;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::Notify;
use tokio_vsock::{VMADDR_CID_ANY, VsockAddr, VsockListener};
use tonic::codegen::Service;

use crate::agent::AgentService;
use crate::channel::{Connection, open_port};
use crate::clock;
use crate::command_line::Channel;
use crate::descriptor::Descriptor;
use crate::machine::Machine;

/// Bytes that one stream may send ahead of what is consumed.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// Bytes that all streams together may send ahead: so many that only the windows of the streams count. Otherwise a few
/// processes that do not read their input would use it up and stop all other calls.
const CONNECTION_WINDOW_BYTES: u32 = 1 << 30;
/// Largest frame, bytes: the largest message in one.
const FRAME_BYTES: u32 = 128 << 10;

/// The calls, ready for any number of connections.
type Agent = AgentServer<AgentService>;

/// The host cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the channel to the host: {0}")]
pub(crate) struct ServeError(#[from] io::Error);

/// Serves until the machine is to be powered off.
pub(crate) async fn serve(channel: Channel) -> Result<(), ServeError> {
    let hung_up = Arc::new(Notify::new());
    let (port, listener) = match channel {
        Channel::Port => {
            let port = Connection::Port {
                port: Descriptor::new(open_port()?)?,
                hung_up: hung_up.clone(),
            };
            (Some(port), None)
        }
        Channel::Vsock => {
            let listener = VsockListener::bind(VsockAddr::new(VMADDR_CID_ANY, AGENT_VSOCK_PORT))?;
            (None, Some(listener))
        }
    };
    let machine = Arc::new(Machine::new(clock::uptime_us()));
    let power_off = machine.power_off_requested();
    let agent = AgentServer::new(AgentService::new(machine.clone()));
    eprintln!("vminitd: ready after {} ms", machine.ready_uptime_us() / 1000);
    if let Some(port) = port {
        tokio::spawn(converse(port, agent.clone()));
    }
    tokio::select! {
        error = accept(listener, agent) => Err(error.into()),
        () = hung_up.notified() => {
            machine.abandon();
            Ok(())
        }
        () = power_off.notified() => Ok(()),
    }
}

/// Serves every connection that comes to `listener`; returns when it fails. Without one there is nothing to accept.
async fn accept(listener: Option<VsockListener>, agent: Agent) -> io::Error {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(Connection::Vsock(stream), agent.clone()))),
            // The peer was faster.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(error) => return error,
        }
    }
}

/// Serves one connection until its end.
async fn converse(connection: Connection, agent: Agent) {
    let calls = service_fn(move |request| agent.clone().call(request));
    // How it ends makes no difference here: hosts hang up when they please.
    let _ = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES)
        .max_concurrent_streams(None)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(connection), calls)
        .await;
}
