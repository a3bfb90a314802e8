//! Taking the machine down.

use std::time::Duration;

use container_agent::AgentClient;
use container_hypervisor::Machine;

use super::booted::Booted;
use super::context::RunContext;
use crate::launch::Limits;

/// Takes the machine down after the workload: cleanly when the container's disk is to be used again.
pub(crate) async fn take_down(context: &RunContext<'_>, mut booted: Booted, is_disk_needed: bool) {
    let limits = &context.launch.limits;
    let machine = &booted.machine;
    let flush = match context.volumes.outlive(context.config) {
        true => limits.volume_flush,
        false => limits.shutdown,
    };
    if !is_disk_needed || !power_off(machine, &booted.run.agent, flush, limits.shutdown).await {
        switch_off(machine, limits).await;
    }
    drop(booted.machine);
    booted.run.networks.detach_all();
    booted.console.complete().await;
}

/// Has the guest unmount within `flush` and power itself off within `limit`; `false` when it did not.
async fn power_off(machine: &Machine, agent: &AgentClient, flush: Duration, limit: Duration) -> bool {
    tokio::select! {
        // A guest may well be gone before its answer has arrived.
        _ = machine.wait() => return true,
        answer = agent.shutdown(flush) => {
            if let Err(error) = answer {
                tracing::warn!(%error, "the guest does not shut down");
                return tokio::time::timeout(limit / 10, machine.wait()).await.is_ok();
            }
        }
    }
    let off = tokio::time::timeout(limit, machine.wait()).await;
    if off.is_err() {
        tracing::warn!("the guest does not power off");
    }
    off.is_ok()
}

/// Ends the machine from outside. Should that fail, its end comes when its last handle is dropped.
pub(super) async fn switch_off(machine: &Machine, limits: &Limits) {
    match tokio::time::timeout(limits.kill, machine.kill()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "cannot end the machine"),
        Err(_) => tracing::warn!("the machine does not end"),
    }
}
