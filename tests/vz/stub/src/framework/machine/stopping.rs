//! The end of a machine by order of the host.

use super::super::state::State;
use super::{call, complete, run, wrong_transition};
use crate::runtime::{HeapBlock, Id};

pub(super) fn can_stop(state: State) -> bool {
    matches!(state, State::Running | State::Paused)
}

/// Ends the guest. The delegate is not told: the documentation ties its notices to ends that nobody has ordered.
pub(super) unsafe fn stop(machine: Id, block: HeapBlock) {
    let run = run(machine);
    if !can_stop(run.state()) {
        return complete(&run, block, Err(wrong_transition("stopped")));
    }
    run.set_state(State::Stopping);
    run.post(move |run, _| {
        run.end();
        run.set_state(State::Stopped);
        call(&block, &Ok(()));
    });
}
