//! The room that the host has for what guests write.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use crate::{Stall, StallReporter};

/// Whether the host has room, which the machines of one guest share.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<watch::Sender<Shortage>>);

#[derive(Debug, Default)]
struct Shortage {
    /// Images that cannot grow.
    disks: Vec<PathBuf>,
    /// Tries to go on.
    try_count: usize,
}

impl Default for Room {
    /// Enough of it.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }
}

impl Room {
    /// From now on these images cannot grow; without any there is room again.
    pub(super) fn set_short(&self, disks: Vec<PathBuf>) {
        self.0.send_modify(|shortage| shortage.disks = disks);
    }

    pub(super) fn try_count(&self) -> usize {
        self.0.borrow().try_count
    }

    /// Has a machine stand still as soon as there is no room, and go on when somebody asks for that while there is.
    pub(super) async fn obey(self, reporter: StallReporter) {
        let mut shortage = self.0.subscribe();
        loop {
            // The sender is ours, so the channel cannot close.
            let short = shortage.wait_for(|shortage| !shortage.disks.is_empty()).await;
            let Ok(disks) = short.map(|shortage| shortage.disks.clone()) else {
                return;
            };
            reporter.report(Some(Stall { disks }));
            while was_in_vain(&self, &reporter).await {}
            reporter.report(None);
        }
    }
}

/// Waits for the next try, and tells whether it was in vain.
async fn was_in_vain(room: &Room, reporter: &StallReporter) -> bool {
    reporter.asked().await;
    room.0.send_modify(|shortage| shortage.try_count += 1);
    !room.0.borrow().disks.is_empty()
}
