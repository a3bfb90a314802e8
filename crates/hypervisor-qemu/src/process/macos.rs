//! macOS: a child outlives its parent unless something ends it ([`crate::watcher`]), and a process is known by its id only.
//!
//! Type-checked only: nothing here has run on a Mac yet.

use std::io;

use rustix::process::{Pid, Signal, kill_process, setsid};

/// Whether a process that is started here dies with this one by itself.
pub(crate) const DIES_WITH_PARENT: bool = false;

/// Separates the calling process from its terminal. System calls only.
pub(super) fn die_with(_parent: Pid) -> io::Result<()> {
    // A session of its own: no Ctrl-C, no hang-up.
    setsid()?;
    Ok(())
}

/// A process.
#[derive(Debug)]
pub(crate) struct ProcessHandle(Pid);

impl ProcessHandle {
    /// The child with this id, which has not been waited for.
    pub(crate) fn of(id: u32) -> Option<Self> {
        Some(Self(Pid::from_raw(i32::try_from(id).ok()?)?))
    }

    /// Kills it. It must not have been waited for: its id could by then be another's.
    pub(crate) fn kill(&self) {
        let _ = kill_process(self.0, Signal::KILL);
    }
}
