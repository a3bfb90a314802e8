//! What is known of changes on the host that the machine's watchers (inotify(7)) are to be told of, for which the protocol has no message.
//!
//! The host's kernel tells of the directories that the machine knows ([`watches`]), except for what this process does itself, which the machine's kernel
//! knows of. What came together within moments is weighed and sent to the launcher ([`super::announce`]), which has the machine's agent do the same once
//! more in the machine. The requests of the agent's process are answered without the host ([`shown`]).

mod host_events;
mod shown;
mod watches;

use std::sync::atomic::{AtomicI32, Ordering};

pub(super) use host_events::HostEvent;
pub(super) use shown::{Directory, Name, Shown, ShownNames};
pub(super) use watches::Watches;

/// What the requests of the machine and the thread that tells of changes have in common.
#[derive(Default)]
pub(super) struct Changes {
    /// `None` when nobody is told.
    pub(super) watches: Option<Watches>,
    pub(super) shown: ShownNames,
    pub(super) agent: AgentProcess,
}

/// The machine's process whose requests change nothing on the host; none is 0.
#[derive(Default)]
pub(super) struct AgentProcess(AtomicI32);

impl AgentProcess {
    pub(super) fn set(&self, id: i32) {
        self.0.store(id, Ordering::Relaxed);
    }

    pub(super) fn is(&self, id: i32) -> bool {
        id != 0 && self.0.load(Ordering::Relaxed) == id
    }
}

impl Changes {
    pub(super) fn new(watches: Watches) -> Self {
        Self {
            watches: Some(watches),
            ..Self::default()
        }
    }
}
