//! When connections want to be looked at again.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::FlowId;

/// The earliest time of each flow. It may be earlier than the flow needs, never later: a time that moves on, as that of a retransmission
/// does with each segment, is not moved here, and found out when it comes.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    queue: BTreeSet<(Duration, FlowId)>,
}

impl Deadlines {
    pub(super) fn earliest(&self) -> Option<Duration> {
        self.queue.first().map(|&(at, _)| at)
    }

    /// Wants `flow` looked at no later than `at`. `set` is the flow's own note of what stands here.
    pub(super) fn set(&mut self, flow: FlowId, set: &mut Option<Duration>, at: Duration) {
        if set.is_some_and(|set| set <= at) {
            return;
        }
        self.clear(flow, set);
        self.queue.insert((at, flow));
        *set = Some(at);
    }

    pub(super) fn clear(&mut self, flow: FlowId, set: &mut Option<Duration>) {
        if let Some(at) = set.take() {
            self.queue.remove(&(at, flow));
        }
    }

    /// Takes out a flow whose time has come. Its note has to be cleared.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<FlowId> {
        let &(at, flow) = self.queue.first()?;
        if at > now {
            return None;
        }
        self.queue.pop_first();
        Some(flow)
    }
}
