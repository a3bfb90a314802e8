//! One run of the container as requests see it.

use std::sync::Arc;

use container_agent::AgentClient;
use container_hypervisor::GuestArchitecture;
use container_model::ContainerConfig;
use tokio::sync::{Mutex, RwLock, watch};

use crate::networks::Networks;
use crate::notes::Notes;
use crate::oom_kills::OomKills;

use super::names::{ProcessName, ProcessNames};

/// A run: from a machine whose file systems stand to its end. A request that got hold of one never reaches another.
pub(crate) struct Run {
    /// Which run of this launcher it is, from 1.
    pub(crate) number: u32,
    /// The guest's agent.
    pub(crate) agent: AgentClient,
    /// The machine's processor.
    pub(crate) architecture: GuestArchitecture,
    /// The machine's lines.
    pub(crate) networks: Arc<Networks>,
    /// What the container was asked to be.
    pub(crate) config: Arc<ContainerConfig>,
    /// Whose turn it is among calls about the steps of a build.
    pub(crate) step_turn: Mutex<()>,
    /// Whether a client has stopped the container's processes where they are. Written to while that changes, and read while one more is started.
    pub(super) paused: RwLock<bool>,
    /// Whether they stand still or are about to: for those that would take it for slowness.
    pub(super) is_still: watch::Sender<bool>,
    /// The way to the record.
    pub(crate) notes: Notes,
    /// What its kernel has killed for lack of memory.
    pub(crate) oom_kills: std::sync::Mutex<OomKills>,
    names: ProcessNames,
    start_recorded: watch::Sender<bool>,
}

impl Run {
    pub(crate) fn new(
        number: u32,
        agent: AgentClient,
        architecture: GuestArchitecture,
        networks: Arc<Networks>,
        config: Arc<ContainerConfig>,
        notes: Notes,
    ) -> Self {
        Self {
            number,
            agent,
            architecture,
            networks,
            config,
            step_turn: Mutex::default(),
            paused: RwLock::default(),
            is_still: watch::Sender::new(false),
            notes,
            oom_kills: std::sync::Mutex::default(),
            names: ProcessNames::default(),
            start_recorded: watch::Sender::new(false),
        }
    }

    /// Reserves the id of a process for as long as the value lives; `None` while another process has it.
    pub(crate) fn name_process(&self, process_id: &str) -> Option<ProcessName> {
        self.names.take(process_id)
    }

    /// It is on record that the workload runs.
    pub(crate) fn set_start_recorded(&self) {
        self.start_recorded.send_replace(true);
    }

    /// Waits until it is on record that the workload runs.
    pub(crate) async fn start_recorded(&self) {
        // The sender is ours, so the channel cannot close.
        let _ = self.start_recorded.subscribe().wait_for(|recorded| *recorded).await;
    }
}
