//! Registers descriptors with the runtime.

#![expect(
    unsafe_code,
    reason = "tokio asks for a promise about descriptors that OwnedFd keeps by itself"
)]

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Makes `file` awaitable.
pub(crate) fn register(file: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an OwnedFd always returns the same descriptor, owns it, and closes it only when it is dropped, which the
    // AsyncFd does after it has taken it off the runtime.
    let registered = unsafe { AsyncFd::register_with_interest(file, interest) };
    Ok(registered?)
}

/// Makes `file` awaitable for somebody who does not own it.
pub(crate) fn register_borrowed(file: BorrowedFd<'_>, interest: Interest) -> io::Result<AsyncFd<BorrowedFd<'_>>> {
    // SAFETY: as above; the AsyncFd cannot outlive the loan, and so takes the descriptor off the runtime before its owner closes it.
    let registered = unsafe { AsyncFd::register_with_interest(file, interest) };
    Ok(registered?)
}
