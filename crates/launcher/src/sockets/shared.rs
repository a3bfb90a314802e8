//! What the connections of a run have in common.

use std::sync::Arc;
use std::time::Duration;

use container_agent::AgentClient;
use tokio::sync::{Semaphore, watch};

/// How long a connection waits for a program whose queue is full.
pub(super) const QUEUE_PATIENCE: Duration = Duration::from_secs(60);

/// Pause between two attempts to reach a program.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_millis(25);

/// What each connection needs.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) agent: AgentClient,
    /// A permit for each connection.
    pub(super) places: Arc<Semaphore>,
    /// Becomes true when the workload has ended.
    pub(super) ended: watch::Receiver<bool>,
}
