//! Waiting for the end of a session, which comes when its container is put away.

use std::time::Duration;

use container_engine::{EngineError, SessionEvents};
use tokio::time::timeout;

/// How long a container may take to be put away after its process has ended, or could not be started.
const TEARDOWN_TIMEOUT: Duration = Duration::from_secs(60);

/// Waits until the container is put away, for a bounded time. How the process ended is known by then, so a failure changes nothing.
pub(super) async fn torn_down(events: &mut SessionEvents) {
    let _ = timeout(TEARDOWN_TIMEOUT, ended(events)).await;
}

/// Waits until nothing more comes.
pub(super) async fn ended(events: &mut SessionEvents) -> Result<(), EngineError> {
    while events.recv().await?.is_some() {}
    Ok(())
}
