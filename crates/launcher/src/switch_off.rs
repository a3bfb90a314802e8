//! Ending a machine from outside.

use container_hypervisor::Machine;

use crate::launch::Limits;

/// Ends the machine from outside. Should that fail, its end comes when its last handle is dropped.
pub(crate) async fn switch_off(machine: &Machine, limits: &Limits) {
    match tokio::time::timeout(limits.kill, machine.kill()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "cannot end the machine"),
        Err(_) => tracing::warn!("the machine does not end"),
    }
}
