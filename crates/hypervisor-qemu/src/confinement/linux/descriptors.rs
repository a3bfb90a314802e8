//! Which descriptors a program finds open.
#![expect(
    unsafe_code,
    reason = "marking descriptors that have no owner in this program has no safe interface"
)]

use std::io;
use std::os::fd::{AsFd as _, OwnedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Resource, getrlimit};

/// The first descriptor that is not a standard stream.
const FIRST: RawFd = 3;

/// Has exec close every descriptor but the standard streams and `kept`, also those that this program inherited
/// itself. System calls only.
pub(in crate::confinement) fn keep_only(kept: &[OwnedFd]) -> io::Result<()> {
    // SAFETY: close_range(2) with CLOSE_RANGE_CLOEXEC closes nothing: no descriptor that something owns becomes invalid.
    let marked = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            libc::c_uint::try_from(FIRST).unwrap_or(0),
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    if marked != 0 {
        mark_each();
    }
    for descriptor in kept {
        fcntl_setfd(descriptor.as_fd(), FdFlags::empty())?;
    }
    Ok(())
}

/// The same before Linux 5.11, which brought CLOSE_RANGE_CLOEXEC.
fn mark_each() {
    let end = getrlimit(Resource::Nofile)
        .current
        .and_then(|limit| RawFd::try_from(limit).ok())
        .unwrap_or(RawFd::MAX);
    for descriptor in FIRST..end {
        // SAFETY: F_SETFD closes nothing, and a number that is not open is an error without effect.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}
