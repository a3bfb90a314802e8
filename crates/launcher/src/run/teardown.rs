//! Taking the machine down.
//!
//! What has to reach the disks does so while the machine still runs, so that nobody has to wait for its end: once its guest has unmounted, it is
//! switched off.

use std::path::PathBuf;
use std::time::Duration;

use container_agent::AgentClient;
use container_hypervisor::Machine;
use tokio::task::{JoinHandle, spawn_blocking};

use super::booted::Booted;
use super::context::RunContext;
use crate::reclaim::reclaim;
use crate::switch_off::switch_off;

/// A machine that is on its way down, or gone.
pub(crate) struct Dismissed {
    /// `None` once it is gone.
    ending: Option<JoinHandle<()>>,
    /// Whether its guest had flushed and unmounted everything.
    is_clean: bool,
}

impl Dismissed {
    /// The same machine, once it is gone and its console's log complete.
    pub(crate) async fn ended(mut self) -> Self {
        if let Some(ending) = self.ending.take() {
            // The task can only be lost with the runtime.
            let _ = ending.await;
        }
        self
    }

    /// Waits for that, and gives back what was deleted last on `disks`: the guest's kernel discards it a moment later only, and not any more
    /// once it unmounts. No other machine follows.
    pub(crate) async fn put_away(self, disks: Vec<PathBuf>) {
        if self.ended().await.is_clean {
            let _ = spawn_blocking(move || reclaim(&disks)).await;
        }
    }
}

/// Has the guest unmount when the container's disk is to be used again, and begins to end the machine. The networks have let go of it when
/// this returns.
pub(crate) async fn dismiss(context: &RunContext<'_>, booted: Booted, is_disk_needed: bool) -> Dismissed {
    let limits = context.launch.limits;
    let flush = match context.volumes.outlive(context.config) {
        true => limits.volume_flush,
        false => limits.shutdown,
    };
    let Booted {
        machine,
        run,
        mut console,
        room,
        ..
    } = booted;
    let is_clean = is_disk_needed && unmount(&machine, &run.agent, flush, limits.shutdown).await;
    drop(room);
    run.networks.detach_all();
    let ending = tokio::spawn(async move {
        switch_off(&machine, &limits).await;
        drop(machine);
        console.complete().await;
    });
    Dismissed {
        ending: Some(ending),
        is_clean,
    }
}

/// The disks of a container that has ended, its own and those of its volumes, on which room may be given back.
pub(crate) fn written_disks(context: &RunContext<'_>) -> Vec<PathBuf> {
    let own = (!context.config.options.auto_remove).then(|| context.bundle.root_disk());
    let volumes = context.volumes.disks.iter().filter(|disk| disk.is_writable);
    own.into_iter().chain(volumes.map(|disk| disk.image.clone())).collect()
}

/// Has the guest flush and unmount within `flush`; `false` when it did not.
async fn unmount(machine: &Machine, agent: &AgentClient, flush: Duration, limit: Duration) -> bool {
    tokio::select! {
        // A guest may well be gone before its answer has arrived.
        _ = machine.wait() => true,
        answer = agent.shutdown(flush) => match answer {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "the guest does not shut down");
                tokio::time::timeout(limit / 10, machine.wait()).await.is_ok()
            }
        }
    }
}
