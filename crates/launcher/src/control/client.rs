//! Speaking to a launcher.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use container_model::ContainerId;
use container_state::{AppPaths, ContainerStore};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;
use tonic::transport::{Channel, Endpoint};

use super::v1::control_client::ControlClient as GrpcClient;
use super::{CONNECTION_WINDOW_BYTES, MESSAGE_MAX_BYTES, STREAM_WINDOW_BYTES};

/// A connection to a launcher. Clones share it; it closes with the last of them.
pub type ControlClient = GrpcClient<Channel>;

/// How long a launcher that has just been started may take to open its socket.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Pause between two tries.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// A launcher cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The container has no launcher.
    #[error("container {id} is not running")]
    NotRunning {
        /// The container.
        id: ContainerId,
    },
    /// There is a launcher, but it does not answer.
    #[error("cannot connect to {}: {source}", path.display())]
    Socket {
        /// Its socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A client over a connected stream, for example the one that [`crate::LauncherProcess::spawn`] returns. Must be called inside a
/// tokio runtime; an error of the stream shows at the first call.
#[must_use]
pub fn client(stream: UnixStream) -> ControlClient {
    let slot = Mutex::new(Some(stream));
    // There is one stream: tonic asks for another only after it has broken.
    let connector = tower::service_fn(move |_| {
        let stream = slot.lock().ok().and_then(|mut slot| slot.take());
        std::future::ready(match stream {
            Some(stream) => to_tokio(stream).map(TokioIo::new),
            None => Err(io::ErrorKind::NotConnected.into()),
        })
    });
    let channel = Endpoint::from_static("http://launcher.invalid")
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .connect_with_connector_lazy(connector);
    GrpcClient::new(channel).max_decoding_message_size(MESSAGE_MAX_BYTES)
}

pub(crate) fn to_tokio(stream: UnixStream) -> io::Result<tokio::net::UnixStream> {
    stream.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(stream)
}

/// Connects to the launcher of a container, waiting a moment for one that is just starting.
///
/// # Errors
/// [`ConnectError::NotRunning`] at once when the container has no launcher.
pub async fn connect(paths: &AppPaths, id: &ContainerId) -> Result<ControlClient, ConnectError> {
    let bundle = ContainerStore::new(paths.clone()).bundle(id);
    let link = bundle.control_link();
    let deadline = Instant::now() + CONNECT_TIMEOUT;
    loop {
        // The link may be replaced meanwhile, but a stale one leads nowhere: its socket is gone or refuses.
        match open(&link) {
            Ok(stream) => return Ok(client(stream)),
            Err(_) if !bundle.has_owner() => return Err(ConnectError::NotRunning { id: id.clone() }),
            Err(source) if Instant::now() >= deadline => return Err(ConnectError::Socket { path: link, source }),
            Err(_) => tokio::time::sleep(RETRY_INTERVAL).await,
        }
    }
}

/// The socket's own path is used because that of the link may be too long for a socket address.
fn open(link: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(std::fs::read_link(link)?)
}
