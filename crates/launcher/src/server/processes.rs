//! The container's processes, passed on from the guest to a client.

use container_agent_api::v1 as agent;
use tonic::Status;

use crate::control::v1::{ListProcessesResponse, ProcessInfo};
use crate::session::Run;

/// Says which processes there are.
pub(super) async fn list(run: &Run) -> Result<ListProcessesResponse, Status> {
    let listed = run.agent.list_processes().await;
    let listed = listed.map_err(|error| Status::aborted(error.to_string()))?;
    Ok(ListProcessesResponse {
        processes: listed.processes.into_iter().map(info).collect(),
        omitted_count: listed.omitted_count,
    })
}

fn info(process: agent::ProcessInfo) -> ProcessInfo {
    let agent::ProcessInfo {
        pid,
        parent_pid,
        uid,
        cpu_ms,
        age_ms,
        terminal,
        command,
    } = process;
    ProcessInfo {
        pid,
        parent_pid,
        uid,
        cpu_ms,
        age_ms,
        terminal,
        command,
    }
}
