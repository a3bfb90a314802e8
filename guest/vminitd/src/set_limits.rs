//! The call that changes the limits of the running container.

use container_workload::{ControlFile, LimitsError};
use tonic::Status;

use crate::machine::Machine;

/// Most steps in which memory is reclaimed: more than a machine has memory.
const RECLAIM_STEPS_MAX: u32 = 1 << 16;

/// Answers SetLimits.
pub(crate) async fn set_limits(machine: &Machine, files: &[ControlFile]) -> Result<(), Status> {
    let memory = files.iter().find(|file| file.name == "memory.max");
    if let Some(limit_bytes) = memory.and_then(|file| file.value.parse().ok()) {
        for _ in 0..RECLAIM_STEPS_MAX {
            if !machine.with_container(|container| container.cgroup().reclaim_beyond(limit_bytes))? {
                break;
            }
            // Output and other calls go on in between.
            tokio::task::yield_now().await;
        }
    }
    machine
        .with_container(|container| container.cgroup().change_limits(files))?
        .map_err(|error| match error {
            LimitsError::MemoryInUse { .. } => Status::failed_precondition(error.to_string()),
            LimitsError::Cgroup(_) => Status::internal(error.to_string()),
        })
}
