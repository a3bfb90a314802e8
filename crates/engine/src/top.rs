//! The processes of a container.

use std::time::Duration;

use container_launcher::control::v1;
use container_model::ContainerId;

use crate::{Engine, EngineError};

/// A process of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessView {
    /// As the container counts, whose first process is 1.
    pub pid: u32,
    /// 0 when its parent is not in the container.
    pub parent_pid: u32,
    /// The effective user.
    pub uid: u32,
    /// Processor time that it has had.
    pub cpu: Duration,
    /// Time since its start.
    pub age: Duration,
    /// Its controlling terminal below `/dev`; empty for none.
    pub terminal: String,
    /// Program and arguments, or its name in brackets.
    pub command: String,
}

/// The processes of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessListing {
    /// By their ids.
    pub processes: Vec<ProcessView>,
    /// How many more there are, which were too many to list.
    pub omitted_count: u32,
}

impl Engine {
    /// Says which processes a running container has, paused or not.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when it does not run.
    pub async fn top(&self, id: &ContainerId) -> Result<ProcessListing, EngineError> {
        let verb = "list the processes of";
        let mut launcher = self.running_client(id, verb).await?;
        let listed = launcher.list_processes(v1::ListProcessesRequest {}).await;
        let listed = listed
            .map_err(EngineError::newer_control(
                verb,
                id,
                "list the processes of the container",
            ))?
            .into_inner();
        Ok(ProcessListing {
            processes: listed.processes.into_iter().map(ProcessView::from).collect(),
            omitted_count: listed.omitted_count,
        })
    }
}

impl From<v1::ProcessInfo> for ProcessView {
    fn from(process: v1::ProcessInfo) -> Self {
        Self {
            pid: process.pid,
            parent_pid: process.parent_pid,
            uid: process.uid,
            cpu: Duration::from_millis(process.cpu_ms),
            age: Duration::from_millis(process.age_ms),
            terminal: process.terminal,
            command: process.command,
        }
    }
}
