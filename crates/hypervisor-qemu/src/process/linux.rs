//! Linux: the kernel ends a child with its parent, and a descriptor means one process for ever.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, getppid, pidfd_open, pidfd_send_signal, set_parent_process_death_signal, setsid,
};

/// Whether a process that is started here dies with this one by itself.
pub(crate) const DIES_WITH_PARENT: bool = true;

/// Separates the calling process from its terminal, and has it die with `parent`. System calls only.
pub(super) fn die_with(parent: Pid) -> io::Result<()> {
    // A session of its own: no Ctrl-C, no hang-up.
    setsid()?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that died before the line above causes no signal.
    if getppid() != Some(parent) {
        return Err(Errno::SRCH.into());
    }
    Ok(())
}

/// A process as a descriptor, which cannot come to mean another process as an id can.
#[derive(Debug)]
pub(crate) struct ProcessHandle(OwnedFd);

impl ProcessHandle {
    /// The child with this id, which has not been waited for.
    pub(crate) fn of(id: u32) -> Option<Self> {
        let id = Pid::from_raw(i32::try_from(id).ok()?)?;
        Some(Self(pidfd_open(id, PidfdFlags::empty()).ok()?))
    }

    /// Kills it, if it has not ended.
    pub(crate) fn kill(&self) {
        let _ = pidfd_send_signal(&self.0, Signal::KILL);
    }
}
