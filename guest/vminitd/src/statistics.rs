//! The call about what the container uses.

use container_agent_api::v1::ReadStatisticsResponse;
use container_workload::{Cgroup, GroupStatistics};
use rustix::system::sysinfo;
use tonic::Status;

use crate::clock;
use crate::interface::traffic;
use crate::machine::Machine;

/// Answers ReadStatistics.
pub(crate) fn read(machine: &Machine) -> Result<ReadStatisticsResponse, Status> {
    let (uptime_us, group) = machine.with_container(|container| {
        // As close as they can be: shares of the processor are computed from the two.
        (clock::uptime_us(), Cgroup::statistics(container.cgroup()))
    })?;
    let traffic = traffic::of_devices().ok();
    let GroupStatistics {
        cpu_us,
        memory_bytes,
        memory_cache_bytes,
        memory_limit_bytes,
        disk_read_bytes,
        disk_written_bytes,
        process_count,
    } = group;
    Ok(ReadStatisticsResponse {
        uptime_us,
        cpu_us,
        memory_bytes,
        memory_cache_bytes,
        memory_limit_bytes: Some(usable_bytes(memory_limit_bytes)),
        network_received_bytes: traffic.map(|traffic| traffic.received_bytes),
        network_sent_bytes: traffic.map(|traffic| traffic.sent_bytes),
        disk_read_bytes,
        disk_written_bytes,
        process_count,
    })
}

/// The limit, or what the machine has if that is less.
fn usable_bytes(limit_bytes: Option<u64>) -> u64 {
    let info = sysinfo();
    let machine_bytes = info.totalram.saturating_mul(info.mem_unit.into());
    limit_bytes.map_or(machine_bytes, |limit| limit.min(machine_bytes))
}
