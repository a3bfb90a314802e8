//! The flows that wait until their machine takes frames again, in the order in which they began to wait.

use std::collections::BTreeMap;

use crate::FlowId;

/// The number of a flow's turn.
pub(super) type Turn = u64;

/// Who waits. A flow waits once, and leaves nothing behind when it goes.
#[derive(Debug, Default)]
pub(super) struct Turns {
    waiting: BTreeMap<Turn, FlowId>,
    next: Turn,
}

impl Turns {
    /// Puts `flow` behind all others, unless it waits already. `turn` is the flow's own note of it.
    pub(super) fn wait(&mut self, flow: FlowId, turn: &mut Option<Turn>) {
        if turn.is_none() {
            self.waiting.insert(self.next, flow);
            *turn = Some(self.next);
            self.next += 1;
        }
    }

    pub(super) fn leave(&mut self, turn: &mut Option<Turn>) {
        if let Some(turn) = turn.take() {
            self.waiting.remove(&turn);
        }
    }

    /// Takes out the flow that waits the longest. Its note has to be cleared.
    pub(super) fn take_first(&mut self) -> Option<FlowId> {
        self.waiting.pop_first().map(|(_, flow)| flow)
    }
}
