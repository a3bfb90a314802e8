//! Stopping the container's processes where they are, and letting them go on.

use std::time::{Duration, Instant};

use container_workload::{Cgroup, CgroupError};
use tonic::Status;

use crate::machine::Machine;

/// How long processes may take to stand still: one may wait for a disk.
const PAUSE_WAIT: Duration = Duration::from_secs(5);
const PAUSE_POLL: Duration = Duration::from_millis(2);

/// Returns once they stand still; the going on needs no waiting.
pub(crate) async fn set_paused(machine: &Machine, paused: bool) -> Result<(), Status> {
    let control = |action: &dyn Fn(&Cgroup) -> Result<bool, CgroupError>| {
        machine
            .with_container(|container| action(container.cgroup()))?
            .map_err(|error| Status::internal(error.to_string()))
    };
    control(&|cgroup| cgroup.set_frozen(paused).map(|()| paused))?;
    let start = Instant::now();
    while paused && !control(&Cgroup::is_frozen)? {
        if start.elapsed() > PAUSE_WAIT {
            control(&|cgroup| cgroup.set_frozen(false).map(|()| false))?;
            return Err(Status::deadline_exceeded(
                "a process of the container did not stand still, and all go on",
            ));
        }
        tokio::time::sleep(PAUSE_POLL).await;
    }
    Ok(())
}
