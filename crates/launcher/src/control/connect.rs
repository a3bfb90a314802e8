//! Reaching the launcher of a container that runs already.

use std::error::Error as _;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use container_model::ContainerId;
use container_state::{AppPaths, ContainerStore};
use container_terminal::excerpt;
use tokio::time::Instant;
use tonic::{Code, Status};

use super::client::{ControlClient, client};
use super::v1::{HelloRequest, HelloResponse, VersionRange};
use super::version::{PROGRAM_VERSION, SPOKEN_VERSIONS, VERSION_WITHOUT_HELLO};

/// How long a launcher that has just been started may take to open its socket.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Pause between two tries.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// Longest text of a launcher that is repeated in a message, characters.
const EXCERPT_CHARACTERS: usize = 64;

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
    /// The launcher speaks no version of the protocol that this program speaks.
    #[error(
        "it belongs to container {program_version} and speaks {versions} of the control protocol, and this is container \
         {PROGRAM_VERSION}, which speaks {SPOKEN_VERSIONS}"
    )]
    Versions {
        /// Version of the program that runs as the launcher.
        program_version: String,
        /// What it speaks.
        versions: VersionRange,
    },
    /// The launcher refused the handshake.
    #[error("it does not say which versions of the control protocol it speaks: {reason}")]
    Hello {
        /// Its answer.
        reason: String,
    },
}

/// Connects to the launcher of a container and agrees on a version of the protocol, waiting a moment for one that is just starting.
///
/// # Errors
/// [`ConnectError::NotRunning`] at once when the container has no launcher; [`ConnectError::Versions`] when it is of a release that
/// cannot be spoken to.
pub async fn connect(paths: &AppPaths, id: &ContainerId) -> Result<ControlClient, ConnectError> {
    let bundle = ContainerStore::new(paths.clone()).bundle(id);
    let link = bundle.control_link();
    let deadline = Instant::now() + CONNECT_TIMEOUT;
    loop {
        // The link may be replaced meanwhile, but a stale one leads nowhere: its socket is gone or refuses.
        let connected = match open(&link) {
            Ok(stream) => greet(client(stream)).await,
            Err(source) => Err(GreetError::Broken(source)),
        };
        match connected {
            Ok(client) => return Ok(client),
            Err(GreetError::Answer(error)) => return Err(error),
            Err(GreetError::Broken(_)) if !bundle.has_owner() => {
                return Err(ConnectError::NotRunning { id: id.clone() });
            }
            Err(GreetError::Broken(source)) if Instant::now() >= deadline => {
                return Err(ConnectError::Socket { path: link, source });
            }
            Err(GreetError::Broken(_)) => tokio::time::sleep(RETRY_INTERVAL).await,
        }
    }
}

/// The socket's own path is used because that of the link may be too long for a socket address.
fn open(link: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(std::fs::read_link(link)?)
}

/// Why a connection cannot be used.
enum GreetError {
    /// The launcher says so; another try would not change that.
    Answer(ConnectError),
    /// It broke, as that of a launcher that is about to end does.
    Broken(io::Error),
}

/// Agrees on a version of the protocol.
async fn greet(mut client: ControlClient) -> Result<ControlClient, GreetError> {
    let request = HelloRequest {
        versions: Some(SPOKEN_VERSIONS),
        program_version: PROGRAM_VERSION.to_owned(),
    };
    let version = match client.hello(request).await {
        Ok(response) => agree(&response.into_inner()).map_err(GreetError::Answer)?,
        Err(status) if is_transport_error(&status) => return Err(GreetError::Broken(io::Error::other(status))),
        Err(status) if status.code() == Code::Unimplemented => VERSION_WITHOUT_HELLO,
        Err(status) => {
            let reason = excerpt(status.message(), EXCERPT_CHARACTERS);
            return Err(GreetError::Answer(ConnectError::Hello { reason }));
        }
    };
    tracing::debug!(version, "speaking to the container's launcher");
    Ok(client.speaking(version))
}

/// What the transport finds wrong carries its cause; what a launcher answers does not.
fn is_transport_error(status: &Status) -> bool {
    status.source().is_some()
}

fn agree(launcher: &HelloResponse) -> Result<u32, ConnectError> {
    let versions = launcher.versions.unwrap_or_default();
    SPOKEN_VERSIONS
        .highest_common(versions)
        .ok_or_else(|| ConnectError::Versions {
            program_version: excerpt(&launcher.program_version, EXCERPT_CHARACTERS),
            versions,
        })
}
