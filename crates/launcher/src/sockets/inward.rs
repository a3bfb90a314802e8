//! From the host into the container: connections to a published socket.

use std::sync::Arc;
use std::time::Duration;

use container_agent::{AgentError, GuestSocket};
use tokio::net::UnixListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tonic::Code;

use super::shared::{QUEUE_PATIENCE, RETRY_INTERVAL, Shared};

/// How long after the start of the workload a connection waits for its program to listen.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection waits in any case: a program that is started anew makes its socket anew.
const PATIENCE: Duration = Duration::from_millis(500);

/// Pause after the system refused a connection, for example for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Carries every connection to the socket `path` of the container.
pub(super) async fn carry_all(listener: UnixListener, path: String, shared: Shared) {
    let started = Instant::now();
    let path: Arc<str> = path.into();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((socket, _)) => {
                let Ok(place) = Arc::clone(&shared.places).acquire_owned().await else {
                    return;
                };
                let (path, mut shared) = (Arc::clone(&path), shared.clone());
                connections.spawn(async move {
                    match dial(&path, &mut shared, started).await {
                        Ok(guest) => guest.relay(socket).await,
                        Err(error) => {
                            tracing::debug!(%error, path = &*path, "a connection to a published socket was closed")
                        }
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection to a published socket");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Connects to the container's socket, which may come later than the host's.
async fn dial(path: &str, shared: &mut Shared, started: Instant) -> Result<GuestSocket, AgentError> {
    let now = Instant::now();
    let patience = (now + PATIENCE).max(started + START_PATIENCE);
    loop {
        let error = match shared.agent.dial_socket(path).await {
            Ok(guest) => return Ok(guest),
            Err(error) => error,
        };
        let until = match &error {
            AgentError::Refused { code, .. } => match code {
                Code::NotFound | Code::FailedPrecondition => patience,
                Code::ResourceExhausted => now + QUEUE_PATIENCE,
                _ => return Err(error),
            },
            _ => return Err(error),
        };
        if Instant::now() >= until {
            return Err(error);
        }
        tokio::select! {
            () = sleep(RETRY_INTERVAL) => {}
            _ = shared.ended.wait_for(|ended| *ended) => return Err(error),
        }
    }
}
