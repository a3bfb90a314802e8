//! From the container to the host: connections to a socket in the container on which the guest's agent listens.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use container_agent::{AgentError, GuestSocket};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::shared::{QUEUE_PATIENCE, RETRY_INTERVAL, Shared};

/// Pause after the guest could not accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Carries every connection to the agent's listener of this number to the host's socket at `path`, which is looked up anew for each; without a
/// path each is closed.
pub(super) async fn carry_all(listener: u32, path: Option<PathBuf>, shared: Shared) {
    let target = Arc::new(Target {
        path,
        is_told: AtomicBool::new(false),
    });
    let mut connections = JoinSet::new();
    loop {
        let accepted = shared.agent.accept_socket(listener).await;
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok(guest) => {
                let Ok(place) = Arc::clone(&shared.places).acquire_owned().await else {
                    return;
                };
                let target = Arc::clone(&target);
                connections.spawn(async move {
                    target.carry(guest).await;
                    drop(place);
                });
            }
            Err(AgentError::Broken { .. }) => return,
            Err(error) => {
                tracing::warn!(%error, "the guest cannot accept connections to a socket of the host");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A socket of the host.
struct Target {
    path: Option<PathBuf>,
    /// That it cannot be connected to was logged: a container that tries again and again does not fill the log.
    is_told: AtomicBool,
}

impl Target {
    async fn carry(&self, guest: GuestSocket) {
        let Some(path) = &self.path else { return };
        match connect(path).await {
            Ok(socket) => guest.relay(socket).await,
            Err(error) => {
                if !self.is_told.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, path = %path.display(), "cannot connect to a socket of the host");
                }
            }
        }
    }
}

async fn connect(path: &Path) -> io::Result<UnixStream> {
    let until = Instant::now() + QUEUE_PATIENCE;
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < until => {
                sleep(RETRY_INTERVAL).await;
            }
            other => return other,
        }
    }
}
