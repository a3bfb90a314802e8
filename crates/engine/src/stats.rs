//! What a container uses.

use std::time::Duration;

use container_launcher::control::v1;
use container_model::ContainerId;

use crate::{Engine, EngineError};

/// What a container uses at a moment and has used since its start. A figure that its guest does not tell is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContainerStatistics {
    /// The moment, since the boot of its machine; for comparing figures of one machine with each other.
    pub read_at: Duration,
    /// Processor time of all its processes.
    pub cpu: Option<Duration>,
    /// Memory in use, page cache included.
    pub memory_bytes: Option<u64>,
    /// The part of it that is page cache which nobody has used for a while.
    pub memory_cache_bytes: Option<u64>,
    /// What it may use.
    pub memory_limit_bytes: Option<u64>,
    /// Received over all its networks.
    pub network_received_bytes: Option<u64>,
    /// Sent over all its networks.
    pub network_sent_bytes: Option<u64>,
    /// Read from its disks.
    pub disk_read_bytes: Option<u64>,
    /// Written to its disks.
    pub disk_written_bytes: Option<u64>,
    /// What its processes on the host take of the host's memory, its machine included, in proportion to who else has it.
    pub host_memory_bytes: Option<u64>,
    /// Its processes, each with its threads.
    pub process_count: Option<u64>,
}

impl Engine {
    /// Says what a running container uses, paused or not.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when it does not run.
    pub async fn stats(&self, id: &ContainerId) -> Result<ContainerStatistics, EngineError> {
        let verb = "read the statistics of";
        let mut launcher = self.running_client(id, verb).await?;
        let read = launcher.read_statistics(v1::ReadStatisticsRequest {}).await;
        let told = read.map_err(EngineError::newer_control(
            verb,
            id,
            "read the statistics of the container",
        ))?;
        Ok(told.into_inner().into())
    }
}

impl From<v1::ReadStatisticsResponse> for ContainerStatistics {
    fn from(told: v1::ReadStatisticsResponse) -> Self {
        Self {
            read_at: Duration::from_micros(told.uptime_us),
            cpu: told.cpu_us.map(Duration::from_micros),
            memory_bytes: told.memory_bytes,
            memory_cache_bytes: told.memory_cache_bytes,
            memory_limit_bytes: told.memory_limit_bytes,
            network_received_bytes: told.network_received_bytes,
            network_sent_bytes: told.network_sent_bytes,
            disk_read_bytes: told.disk_read_bytes,
            disk_written_bytes: told.disk_written_bytes,
            host_memory_bytes: told.host_memory_bytes,
            process_count: told.process_count,
        }
    }
}
