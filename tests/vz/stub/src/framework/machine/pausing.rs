//! Halting a machine and letting it go on.

use super::super::error;
use super::super::state::State;
use super::{call, complete, run, wrong_transition};
use crate::guest::Guest;
use crate::runtime::{HeapBlock, Id};
use std::io;

/// One of the two: from a state by way of another one to a third.
struct Change {
    what: &'static str,
    from: State,
    through: State,
    to: State,
    work: fn(&mut dyn Guest) -> io::Result<()>,
}

pub(super) unsafe fn pause(machine: Id, block: HeapBlock) {
    let change = Change {
        what: "paused",
        from: State::Running,
        through: State::Pausing,
        to: State::Paused,
        work: |guest| guest.pause(),
    };
    apply(machine, block, change);
}

pub(super) unsafe fn resume(machine: Id, block: HeapBlock) {
    let change = Change {
        what: "resumed",
        from: State::Paused,
        through: State::Resuming,
        to: State::Running,
        work: |guest| guest.resume(),
    };
    apply(machine, block, change);
}

unsafe fn apply(machine: Id, block: HeapBlock, change: Change) {
    let run = run(machine);
    if run.state() != change.from {
        return complete(&run, block, Err(wrong_transition(change.what)));
    }
    run.set_state(change.through);
    run.post(move |run, _| {
        if run.state() != change.through {
            return call(&block, &Err(wrong_transition(change.what)));
        }
        let outcome = run.with_guest(change.work).unwrap_or(Ok(()));
        run.set_state(if outcome.is_ok() { change.to } else { change.from });
        call(&block, &outcome.map_err(|error| error::of_system(&error)));
    });
}
