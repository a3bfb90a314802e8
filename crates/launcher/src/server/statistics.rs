//! What the container uses, passed on from the guest to a client.

use container_agent_api::v1 as agent;
use tonic::Status;

use super::host_memory;
use crate::control::v1::ReadStatisticsResponse;
use crate::session::Run;

/// Says what is used now and has been since the boot.
pub(super) async fn read(run: &Run) -> Result<ReadStatisticsResponse, Status> {
    let (read, host_memory_bytes) = tokio::join!(run.agent.read_statistics(), host_memory::of_own_processes());
    let agent::ReadStatisticsResponse {
        uptime_us,
        cpu_us,
        memory_bytes,
        memory_cache_bytes,
        memory_limit_bytes,
        network_received_bytes,
        network_sent_bytes,
        disk_read_bytes,
        disk_written_bytes,
        process_count,
    } = read.map_err(|error| Status::aborted(error.to_string()))?;
    Ok(ReadStatisticsResponse {
        uptime_us,
        cpu_us,
        memory_bytes,
        memory_cache_bytes,
        memory_limit_bytes,
        network_received_bytes,
        network_sent_bytes,
        disk_read_bytes,
        disk_written_bytes,
        process_count,
        host_memory_bytes,
    })
}
