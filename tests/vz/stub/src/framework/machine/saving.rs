//! Saving a halted machine to a file, and making one go on from it.
//!
//! The file says only which machine was saved: what a guest had in its memory is lost, and the guest starts from its beginning.

use super::super::error::{self, Code};
use super::super::state::{Run, State};
use super::super::validation;
use super::starting::{Boot, boot, lock_disks};
use super::{call, complete, run, wrong_transition};
use crate::foundation::url;
use crate::runtime::{HeapBlock, Id, Strong};
use serde_json::Value;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

pub(super) unsafe fn save(machine: Id, location: Id, block: HeapBlock) {
    let run = run(machine);
    if run.state() != State::Paused {
        return complete(&run, block, Err(wrong_transition("saved")));
    }
    if let Err(error) = validation::saving(&run.description) {
        let error = error::caused(Code::Save, "The configuration does not support it.", Some(error));
        return complete(&run, block, Err(error));
    }
    let path = url::path(location);
    run.set_state(State::Saving);
    run.post(move |run, _| {
        let outcome = write(run, &path).map_err(|source| {
            let reason = "The file could not be written.";
            error::caused(Code::Save, reason, Some(error::of_system(&source)))
        });
        run.set_state(State::Paused);
        call(&block, &outcome);
    });
}

/// Writes a file, which may not exist.
fn write(run: &Run, path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(run.description.compatibility().to_string().as_bytes())
}

pub(super) unsafe fn restore(machine: Id, location: Id, block: HeapBlock) {
    let run = run(machine);
    if run.state() != State::Stopped {
        return complete(&run, block, Err(wrong_transition("restored")));
    }
    let ready = check(&run, &url::path(location)).and_then(|()| lock_disks(&run));
    if let Err(error) = ready {
        return complete(&run, block, Err(error));
    }
    let change = Boot {
        through: State::Restoring,
        failed: State::Stopped,
    };
    boot(&run, machine, change, move |run, outcome| {
        if outcome.is_ok() {
            // A guest that has only just started has nothing to lose by going on until here.
            let _ = run.with_guest(|guest| guest.pause());
            run.set_state(State::Paused);
        }
        call(&block, &outcome);
    });
}

fn check(run: &Run, path: &Path) -> Result<(), Strong> {
    validation::saving(&run.description)
        .map_err(|error| error::caused(Code::Restore, "The configuration does not support it.", Some(error)))?;
    let text = fs::read_to_string(path).map_err(|source| {
        let reason = "The file could not be read.";
        error::caused(Code::Restore, reason, Some(error::of_system(&source)))
    })?;
    let saved: Value = serde_json::from_str(&text)
        .map_err(|_| error::framework(Code::Restore, "Invalid argument: the file is no saved state."))?;
    if saved != run.description.compatibility() {
        let reason = "Invalid argument: the file is of a machine with another configuration.";
        return Err(error::framework(Code::Restore, reason));
    }
    Ok(())
}
