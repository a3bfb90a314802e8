//! The start of a machine: its disks are locked, then its guest is booted by a thread of its own.

use super::super::error::{self, Code};
use super::super::state::{Run, State};
use super::notices::GuestNotices;
use super::{call, complete, run, trouble, wrong_transition};
use crate::description::DiskDescription;
use crate::dispatch;
use crate::fault::faults;
use crate::guest::{self, Guest};
use crate::runtime::{HeapBlock, Id, Strong};
use std::fs::{File, OpenOptions};
use std::io;
use std::sync::Arc;
use std::thread;

pub(super) fn can_start(state: State) -> bool {
    matches!(state, State::Stopped | State::Error)
}

pub(super) unsafe fn start(machine: Id, block: HeapBlock) {
    let run = run(machine);
    if !can_start(run.state()) {
        return complete(&run, block, Err(wrong_transition("started")));
    }
    if faults().machine_limit {
        let reason = "Too many virtual machines run.";
        let error = error::framework(Code::VirtualMachineLimitExceeded, reason);
        return complete(&run, block, Err(error));
    }
    if faults().start_fails {
        run.set_state(State::Error);
        let error = error::framework(Code::Internal, "The virtual machine failed to start.");
        return complete(&run, block, Err(error));
    }
    if let Err(error) = lock_disks(&run) {
        return complete(&run, block, Err(error));
    }
    let change = Boot {
        through: State::Starting,
        failed: State::Error,
    };
    boot(&run, machine, change, move |run, outcome| {
        if outcome.is_ok() {
            run.set_state(State::Running);
            trouble::begin(run);
        }
        call(&block, &outcome);
    });
}

/// The state while the guest boots, and the one when it does not come up.
pub(super) struct Boot {
    pub(super) through: State,
    pub(super) failed: State,
}

/// Boots the guest and says on the queue whether it runs.
pub(super) unsafe fn boot(
    run: &Arc<Run>,
    machine: Id,
    change: Boot,
    then: impl FnOnce(&Arc<Run>, Result<(), Strong>) + Send + 'static,
) {
    run.set_state(change.through);
    run.count_start();
    let notices = Arc::new(GuestNotices::new(run));
    // Keeps the machine until the guest has been handed over; it may not end on the thread.
    let machine = Strong::share(machine);
    let run = Arc::clone(run);
    thread::spawn(move || {
        let outcome = guest::boot(&run.description, notices);
        let queue = run.queue().clone();
        dispatch::post(&queue, move || {
            then(&run, settle(&run, &change, outcome));
            drop(machine);
        });
    });
}

/// Takes over a guest that has booted, unless its end was told meanwhile.
fn settle(run: &Run, change: &Boot, outcome: io::Result<Box<dyn Guest>>) -> Result<(), Strong> {
    let failure = match outcome {
        Ok(guest) if run.state() == change.through => {
            run.put_guest(guest);
            return Ok(());
        }
        Ok(mut guest) => {
            guest.end();
            error::framework(Code::Internal, "The guest ended while it started.")
        }
        Err(error) => {
            run.set_state(change.failed);
            let reason = "The guest could not be started.";
            error::caused(Code::Internal, reason, Some(error::of_system(&error)))
        }
    };
    run.end();
    Err(failure)
}

/// Locks every image that is written to, as the framework does, and keeps the locks until the guest ends.
pub(super) fn lock_disks(run: &Run) -> Result<(), Strong> {
    let mut locks = Vec::new();
    for disk in run.description.disks.iter().filter(|disk| !disk.read_only) {
        locks.push(lock_disk(disk).map_err(|source| {
            error::caused(
                Code::InvalidVirtualMachineConfiguration,
                "The storage device attachment is invalid.",
                Some(error::of_system(&source)),
            )
        })?);
    }
    run.keep_locks(locks);
    Ok(())
}

fn lock_disk(disk: &DiskDescription) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).open(&disk.path)?;
    file.try_lock().map_err(io::Error::from)?;
    Ok(file)
}
