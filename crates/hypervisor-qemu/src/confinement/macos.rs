//! macOS: neither Landlock nor seccomp. QEMU has the rights of the calling user there, and Homebrew's is not built to be confined by
//! anything else.
//!
//! Type-checked only: nothing here has run on a Mac yet.

#![expect(
    unsafe_code,
    reason = "marking descriptors that have no owner in this program has no safe interface"
)]

use std::io;
use std::os::fd::{AsFd as _, OwnedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};

use super::{Openable, Reach};

/// Whether QEMU has a filter of its own (`-sandbox`).
pub(crate) const QEMU_HAS_SANDBOX: bool = false;

/// Whether a program's files are confined to those that belong to it.
pub(crate) const CONFINES_FILES: bool = false;

/// The first descriptor that is not a standard stream.
const FIRST: RawFd = 3;

/// Most descriptors of a process as programs may assume it (`OPEN_MAX`, sys/syslimits.h): this program was not started with one beyond
/// them, and opens its own so that exec closes them.
const END: RawFd = 10_240;

/// Has exec close every descriptor but the standard streams and `kept`. System calls only.
pub(super) fn keep_only(kept: &[OwnedFd]) -> io::Result<()> {
    for number in FIRST..END {
        // SAFETY: F_SETFD closes nothing, and a number that is not open is an error without effect.
        unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    for descriptor in kept {
        fcntl_setfd(descriptor.as_fd(), FdFlags::empty())?;
    }
    Ok(())
}

/// What is enforced on this host, in words for `container system status`.
pub(crate) fn describe(_landlock_abi: u32, _reach: &Reach) -> String {
    "none on macOS: QEMU runs with this user's rights, without environment, core dumps and descriptors of others"
        .to_owned()
}

/// There is no Landlock.
pub(crate) fn landlock_abi() -> u32 {
    0
}

/// Nothing.
#[derive(Debug)]
pub(super) struct Restrictions;

impl Restrictions {
    pub(super) fn apart_from_files() -> Self {
        Self
    }

    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(super) fn prepare(_reach: &Reach, _openable: &Openable<'_>) -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn with_memory_as_input(self) -> Self {
        self
    }

    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "elsewhere there is something to enforce"
    )]
    pub(super) fn enforce(&mut self) -> io::Result<()> {
        Ok(())
    }
}
