//! What QEMU told of itself and nobody has looked at yet.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::command_line::LIMITS;
use crate::qmp::Event;

/// What QEMU told of itself and nobody has looked at yet. Of any number of events it keeps that there were some, and which disks they were
/// about.
#[derive(Debug, Default)]
pub(crate) struct Happened {
    nodes: Mutex<BTreeSet<String>>,
    some: Notify,
    /// Whether the saving or loading of the machine's state succeeded, once it has ended.
    migrated: watch::Sender<Option<bool>>,
}

impl Happened {
    /// Takes note of an event.
    pub(crate) fn note(&self, event: Event) {
        match event {
            // A machine has no more disks than that.
            Event::DiskStops { node } if self.nodes().len() < LIMITS.disk_slots => {
                self.nodes().insert(node);
            }
            Event::DiskStops { .. } | Event::Stop | Event::Resume => {}
            Event::Migrated { is_complete } => drop(self.migrated.send_replace(Some(is_complete))),
        }
        self.some.notify_one();
    }

    /// Waits until there was an event since the last call.
    pub(crate) async fn some(&self) {
        self.some.notified().await;
    }

    /// Waits until the machine's state has been saved or loaded, and tells whether that succeeded.
    pub(crate) async fn migrated(&self) -> bool {
        let mut migrated = self.migrated.subscribe();
        // The sender is this.
        let ended = migrated.wait_for(Option::is_some).await;
        ended.is_ok_and(|ended| *ended == Some(true))
    }

    /// The nodes that stopped the machine since the last call.
    pub(crate) fn take_nodes(&self) -> Vec<String> {
        std::mem::take(&mut *self.nodes()).into_iter().collect()
    }

    fn nodes(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
