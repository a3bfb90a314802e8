//! Signals by number, real-time ones included.

#![expect(
    unsafe_code,
    reason = "rustix has no safe type for real-time signals, which systemd as a workload wants"
)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Largest signal number of Linux, signal(7).
const SIGNAL_MAX: u32 = 64;

/// Sends signal `number` to the process behind `pidfd`.
///
/// # Errors
/// `InvalidInput` unless `number` is 1 to 64; ESRCH when the process has gone.
pub fn send_signal(pidfd: BorrowedFd<'_>, number: u32) -> io::Result<()> {
    if !(1..=SIGNAL_MAX).contains(&number) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("there is no signal {number}"),
        ));
    }
    // SAFETY: a null siginfo is allowed and no other memory is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            number,
            std::ptr::null::<libc::siginfo_t>(),
            0_u32,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{PidfdFlags, getpid, pidfd_open};
    use std::os::fd::AsFd;

    #[test]
    fn numbers_that_are_no_signals_are_refused() {
        let me = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
        for number in [0, 65, u32::MAX] {
            assert_eq!(
                send_signal(me.as_fd(), number).unwrap_err().kind(),
                io::ErrorKind::InvalidInput
            );
        }
    }
}
