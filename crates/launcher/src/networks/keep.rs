//! Staying attached to a network although its process may be lost.

use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use container_model::NetworkName;
use container_network::{AttachRequest, Attached, NetworkClient, tell_others};
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

/// Pause before another attempt to attach, when one has failed.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// A line that is attached until this value is dropped.
pub(super) struct Kept {
    network: NetworkName,
    line: Arc<Line>,
    watch: JoinHandle<()>,
}

/// What is known of an attached line.
struct Line {
    client: NetworkClient,
    frames: Arc<UnixDatagram>,
    attached: Attached,
    state: Mutex<State>,
}

struct State {
    /// With which it is attached again.
    request: AttachRequest,
    /// For words to the process.
    connection: Option<std::os::unix::net::UnixStream>,
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Keeps a line attached that is attached through `connection`.
    pub(super) fn start(
        client: NetworkClient,
        mut request: AttachRequest,
        attached: Attached,
        frames: Arc<UnixDatagram>,
        connection: std::os::unix::net::UnixStream,
    ) -> Self {
        // The machine has these by now, and clients know the ports.
        request.mac_address = Some(attached.status.mac_address);
        request.ipv4_address = Some(attached.status.ipv4_address.addr());
        request.ipv6_address = Some(attached.status.ipv6_address.addr());
        request.ports.clone_from(&attached.ports);
        let state = State {
            request,
            connection: connection.try_clone().ok(),
        };
        let network = client.network().clone();
        let line = Arc::new(Line {
            client,
            frames,
            attached,
            state: Mutex::new(state),
        });
        let watch = tokio::spawn(watch(Arc::clone(&line), connection));
        Self { network, line, watch }
    }

    pub(super) fn network(&self) -> &NetworkName {
        &self.network
    }

    pub(super) fn attached(&self) -> Attached {
        self.line.attached.clone()
    }

    /// The container is on other networks besides this one.
    pub(super) fn set_other_networks(&self, others: Vec<NetworkName>) {
        let mut state = self.line.state();
        state.request.other_networks.clone_from(&others);
        // A process that is lost hears of it when the line is attached again.
        let told = state
            .connection
            .as_ref()
            .map(|connection| tell_others(connection, others));
        if let Some(Err(error)) = told {
            tracing::warn!(%error, network = %self.network, "cannot tell of the container's other networks");
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.watch.abort();
        // The port lasts as long as the last descriptor of its connection.
        if let Some(connection) = self.line.state().connection.take() {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// Attaches again whenever the process is lost.
async fn watch(line: Arc<Line>, mut connection: std::os::unix::net::UnixStream) {
    let network = line.client.network();
    loop {
        ended(connection).await;
        tracing::warn!(%network, "the network's process is lost: attaching again");
        connection = loop {
            let attempt = {
                let line = Arc::clone(&line);
                spawn_blocking(move || {
                    let request = line.state().request.clone();
                    line.client.attach(&request, &line.frames)
                })
            };
            match attempt.await {
                Ok(Ok(attachment)) => break attachment.into_connection().1,
                Ok(Err(error)) => tracing::error!(%error, "the container is cut off"),
                // The launcher ends.
                Err(_) => return,
            }
            sleep(RETRY_PAUSE).await;
        };
        line.state().connection = connection.try_clone().ok();
        tracing::info!(%network, "attached again");
    }
}

/// Waits for the end of the connection. The process never says anything on it.
async fn ended(connection: std::os::unix::net::UnixStream) {
    let stream = connection
        .set_nonblocking(true)
        .and_then(|()| UnixStream::from_std(connection));
    let mut stream = match stream {
        Ok(stream) => stream,
        Err(error) => {
            tracing::warn!(%error, "cannot watch the network's process");
            return;
        }
    };
    let mut byte = [0];
    while matches!(stream.read(&mut byte).await, Ok(1..)) {}
}
