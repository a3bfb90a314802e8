//! Taking the machine down.

use container_agent::AgentClient;
use container_hypervisor::Machine;

use super::{Life, boot::Booted};

impl Life<'_> {
    /// Takes the machine down after the workload: cleanly when the container's disk is needed again.
    pub(crate) async fn take_down(&self, mut booted: Booted, is_disk_needed: bool) {
        let machine = &booted.machine;
        if !is_disk_needed || !self.power_off(machine, &booted.run.agent).await {
            self.switch_off(machine).await;
        }
        drop(booted.machine);
        booted.console.complete().await;
    }

    /// Has the guest unmount and power itself off; `false` when it did not.
    async fn power_off(&self, machine: &Machine, agent: &AgentClient) -> bool {
        let limit = self.launch.limits.shutdown;
        tokio::select! {
            // A guest may well be gone before its answer has arrived.
            _ = machine.wait() => return true,
            answer = agent.shutdown(limit) => {
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

    /// Pulls the plug. Dropping the machine is the last resort.
    pub(crate) async fn switch_off(&self, machine: &Machine) {
        match tokio::time::timeout(self.launch.limits.kill, machine.kill()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "cannot end the machine"),
            Err(_) => tracing::warn!("the machine does not end"),
        }
    }
}
