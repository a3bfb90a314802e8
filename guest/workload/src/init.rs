//! The small PID 1 of a container that asks for one: its program is a child of it.
//!
//! It passes on what signals it gets, reaps every process that has lost its parent, and ends with the exit code of the program; the kernel then
//! ends whatever is left. It has the rights of the program's user, and no descriptor but the program's standard streams.

#![expect(unsafe_code, reason = "sigwaitinfo, and signals by number, have no safe wrapper")]

use std::io;

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus, wait};

/// What lists of processes show of it.
const NAME: &std::ffi::CStr = c"container-init";

/// What a shell makes of a signal that ended a program.
const SIGNAL_BASE: i32 = 128;

/// Signals of the process's own faults, which are not for anybody else.
const OWN_FAULTS: [libc::c_int; 7] = [
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGABRT,
    libc::SIGTRAP,
    libc::SIGSYS,
];

/// Signals that are taken one by one instead of acting. A blocked signal reaches even PID 1, for which the kernel drops those that would have
/// their default action.
pub(crate) struct Signals {
    taken: libc::sigset_t,
    /// The mask before.
    before: libc::sigset_t,
}

impl Signals {
    /// Blocks them.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn block() -> io::Result<Self> {
        // SAFETY: a set of signals is an array of integers, for which zero is the empty set.
        let (mut taken, mut before): (libc::sigset_t, libc::sigset_t) = unsafe { std::mem::zeroed() };
        // SAFETY: both sets live during the calls, which write to nothing else.
        let blocked = unsafe {
            libc::sigfillset(&raw mut taken);
            for signal in OWN_FAULTS {
                libc::sigdelset(&raw mut taken, signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const taken, &raw mut before)
        };
        succeeded(blocked).map(|()| Self { taken, before })
    }

    /// Lets them act again, in the process that becomes the program: a mask outlives execve(2).
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn release(&self) -> io::Result<()> {
        // SAFETY: the set lives during the call, and the mask before it is not asked for.
        succeeded(unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) })
    }

    /// Waits for the next one.
    fn next(&self) -> Option<libc::c_int> {
        // SAFETY: the set lives during the call, and no information on the signal is asked for.
        let signal = unsafe { libc::sigwaitinfo(&raw const self.taken, std::ptr::null_mut()) };
        (signal > 0).then_some(signal)
    }
}

/// What pthread_sigmask(3) returned.
fn succeeded(code: libc::c_int) -> io::Result<()> {
    match code {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

/// Passes signals on to `program` and reaps until it has ended; gives its exit code.
pub(crate) fn serve(signals: &Signals, program: Pid) -> u8 {
    // Only for whoever looks at the list of processes.
    let _ = rustix::thread::set_name(NAME);
    loop {
        // First, because a child may have ended before the signals were waited for.
        if let Some(code) = reap(program) {
            return code;
        }
        match signals.next() {
            // Stops of a background process that touches the terminal, which this one does not.
            None | Some(libc::SIGCHLD | libc::SIGTTIN | libc::SIGTTOU) => {}
            Some(signal) => {
                // SAFETY: sends a signal, and touches no memory. The program has not been waited for, so that the id is its own.
                let _ = unsafe { libc::kill(program.as_raw_nonzero().get(), signal) };
            }
        }
    }
}

/// Reaps all children that have ended. The exit code of `program` if it is one of them.
fn reap(program: Pid) -> Option<u8> {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == program => return Some(exit_code(status)),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return None,
            // There is no child: the program cannot be waited for any more.
            Err(_) => return Some(1),
        }
    }
}

fn exit_code(status: WaitStatus) -> u8 {
    let code = status
        .exit_status()
        .or_else(|| Some(SIGNAL_BASE + status.terminating_signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
