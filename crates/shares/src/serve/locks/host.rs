//! The host's locks. All belong to an open file (fcntl(2), "Open file description locks"), because this process is one to the host whoever asks in the
//! machine; none of these calls waits.
#![expect(unsafe_code, reason = "locks of open files have no safe interface")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;

use rustix::fs::{FlockOperation, flock};

use super::request::{LockKind, Span};

/// Locks or unlocks the whole file (flock(2)). One of another kind is given up first, also when the new one cannot be had.
///
/// # Errors
/// `EAGAIN` when another one is in the way.
pub(super) fn set_whole(file: &File, kind: Option<LockKind>) -> io::Result<()> {
    let operation = match kind {
        Some(LockKind::Shared) => FlockOperation::NonBlockingLockShared,
        Some(LockKind::Exclusive) => FlockOperation::NonBlockingLockExclusive,
        None => FlockOperation::NonBlockingUnlock,
    };
    Ok(flock(file, operation)?)
}

/// Locks or unlocks bytes.
///
/// # Errors
/// `EAGAIN` when another one is in the way; `EBADF` when the file is not open for what the lock is for.
pub(super) fn set_bytes(file: &File, span: Span, kind: Option<LockKind>) -> io::Result<()> {
    let mut lock = lock(span, kind);
    call(file, libc::F_OFD_SETLK, &mut lock).map_err(|error| match error.raw_os_error() {
        // The other name of the same (fcntl(2)).
        Some(libc::EACCES) => io::Error::from_raw_os_error(libc::EAGAIN),
        _ => error,
    })
}

/// The lock that keeps bytes from being locked, if there is one.
///
/// # Errors
/// The host's.
pub(super) fn obstacle(file: &File, span: Span, kind: LockKind) -> io::Result<Option<(LockKind, Span)>> {
    let mut lock = lock(span, Some(kind));
    call(file, libc::F_OFD_GETLK, &mut lock)?;
    let found = match lock.l_type.into() {
        libc::F_RDLCK => LockKind::Shared,
        libc::F_WRLCK => LockKind::Exclusive,
        _ => return Ok(None),
    };
    Ok(Some((found, Span::of_start_and_length(lock.l_start, lock.l_len))))
}

fn lock(span: Span, kind: Option<LockKind>) -> libc::flock64 {
    let (start, length) = span.start_and_length();
    libc::flock64 {
        // The numbers are 0 to 2, and 0 again: "from the beginning".
        l_type: LockKind::number(kind) as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: start,
        l_len: length,
        l_pid: 0,
    }
}

fn call(file: &File, command: libc::c_int, lock: &mut libc::flock64) -> io::Result<()> {
    // SAFETY: both commands take a pointer to this structure, which is there until the call returns.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), command, std::ptr::from_mut(lock)) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
