//! The control service of a launcher.

mod attach;
mod connection;
mod disks;
mod exec;
mod files;
mod host_memory;
mod listener;
mod networks;
mod processes;
mod running;
mod service;
mod signal;
mod statistics;
mod steps;
mod stop;

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;

use crate::control::v1::control_server::ControlServer;
use crate::control::{self, MESSAGE_MAX_BYTES};
use crate::launch::Limits;
use crate::session::Session;
use connection::Connection;
pub(crate) use listener::ControlSocket;
use service::Service;

/// Connections that may wait to be taken.
const BACKLOG: usize = 8;

/// The service while it runs.
pub(crate) struct ControlService {
    connections: mpsc::Sender<std::io::Result<Connection>>,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl ControlService {
    /// Serves `first`, and the connections that are taken later.
    pub(crate) fn start(session: &Arc<Session>, limits: Limits, first: Option<UnixStream>) -> Self {
        let (connections, incoming) = mpsc::channel(BACKLOG);
        let (shutdown, asked) = oneshot::channel::<()>();
        if let Some(first) = first {
            match Connection::first(first, Arc::clone(session)) {
                // The queue is new and empty.
                Ok(connection) => drop(connections.try_send(Ok(connection))),
                Err(error) => {
                    tracing::warn!(%error, "cannot use the first connection");
                    session.wish(|wishes| wishes.abandoned = true);
                }
            }
        }
        let service =
            ControlServer::new(Service::new(Arc::clone(session), limits)).max_decoding_message_size(MESSAGE_MAX_BYTES);
        let serve =
            control::server()
                .add_service(service)
                .serve_with_incoming_shutdown(ReceiverStream::new(incoming), async {
                    // A sender that is dropped asks as well.
                    let _ = asked.await;
                });
        Self {
            connections,
            shutdown,
            task: tokio::spawn(serve),
        }
    }

    /// Takes connections from the socket from now on, for as long as the service runs.
    pub(crate) fn listen(&self, socket: &mut ControlSocket) {
        if let Some(listener) = socket.take_listener() {
            tokio::spawn(listener::accept(listener, self.connections.clone()));
        }
    }

    /// Answers what is being asked, closes all connections and ends. A client may take its time with output that it has not
    /// read yet, and one that is gone is no reason to wait; once `hurry` resolves, there is less time for that.
    pub(crate) async fn end(mut self, hurry: impl Future<Output = ()>, limits: Limits) {
        let _ = self.shutdown.send(());
        let hurried = async {
            hurry.await;
            tokio::time::sleep(limits.farewell).await;
        };
        tokio::select! {
            _ = &mut self.task => return,
            () = hurried => {}
            () = tokio::time::sleep(limits.reading) => {}
        }
        tracing::warn!("a client did not read its last answer");
    }
}
