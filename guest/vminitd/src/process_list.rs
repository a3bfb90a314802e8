//! The call about the container's processes.

use std::path::Path;
use std::time::Duration;

use container_agent_api::v1::{ListProcessesResponse, ProcessInfo};
use container_workload::{ListedProcess, ProcessList};
use tonic::Status;

use crate::machine::Machine;

/// Answers ListProcesses.
pub(crate) fn list(machine: &Machine) -> Result<ListProcessesResponse, Status> {
    let listed = machine.with_container(|container| container.list_processes(Path::new("/proc")))?;
    let ProcessList {
        processes,
        omitted_count,
    } = listed.map_err(|error| Status::internal(error.to_string()))?;
    Ok(ListProcessesResponse {
        processes: processes.into_iter().map(info).collect(),
        omitted_count: u32::try_from(omitted_count).unwrap_or(u32::MAX),
    })
}

fn info(process: ListedProcess) -> ProcessInfo {
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    ProcessInfo {
        pid: process.pid,
        parent_pid: process.parent_pid,
        uid: process.uid,
        cpu_ms: ms(process.cpu),
        age_ms: ms(process.age),
        terminal: process.terminal,
        command: process.command,
    }
}
