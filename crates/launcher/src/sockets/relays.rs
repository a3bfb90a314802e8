//! The connections of one run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use container_agent::AgentClient;
use container_model::ContainerConfig;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::inward;
use super::outward;
use super::publish::PublishedSockets;
use super::shared::Shared;
use crate::plan::host_sockets;

/// Connections of one container at the same time; more of them wait. Each may hold a window of the connection to the guest in memory.
const MAX_CONNECTIONS: u32 = 256;

/// The sockets of a run whose workload runs. Dropping it closes all connections.
pub(crate) struct Relays {
    tasks: JoinSet<()>,
    shared: Shared,
    ended: watch::Sender<bool>,
}

impl Relays {
    /// Carries connections from now on.
    pub(crate) fn start(
        agent: &AgentClient,
        published: &PublishedSockets,
        config: &ContainerConfig,
        ssh_agent: Option<&PathBuf>,
    ) -> Self {
        let mut relays = Self::carrying(agent, host_sockets(config, ssh_agent));
        for listener in published.listeners() {
            match listener {
                Ok((listener, path)) => {
                    let carried = inward::carry_all(listener, path, relays.shared.clone());
                    relays.tasks.spawn(carried);
                }
                Err(error) => tracing::warn!(%error, "cannot take connections of a published socket"),
            }
        }
        relays
    }

    /// Carries connections to these listeners of the agent to sockets of the host from now on.
    pub(crate) fn carrying(agent: &AgentClient, sockets: Vec<(u32, Option<PathBuf>)>) -> Self {
        let (ended, watcher) = watch::channel(false);
        let shared = Shared {
            agent: agent.clone(),
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS as usize)),
            ended: watcher,
        };
        let mut tasks = JoinSet::new();
        for (listener, path) in sockets {
            tasks.spawn(outward::carry_all(listener, path, shared.clone()));
        }
        Self { tasks, shared, ended }
    }

    /// After the end of the workload: waits, up to `limit`, until what its programs have sent has arrived. They are gone, so that every
    /// connection ends then.
    pub(crate) async fn finish(self, limit: Duration) {
        let Self { tasks, shared, ended } = self;
        ended.send_replace(true);
        let _ = tokio::time::timeout(limit, shared.places.acquire_many(MAX_CONNECTIONS)).await;
        drop(tasks);
    }
}
