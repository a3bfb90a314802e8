//! The fork: clone3(2) with namespaces, target cgroup and pidfd in one call.
//!
//! The child goes on with ordinary Rust code (allocation included). That is sound only because the process has one
//! thread: no lock can be held by a thread that does not exist in the child. [`fork`] checks it at every call.

#![expect(unsafe_code, reason = "clone3, _exit and unshare have no safe wrapper")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use rustix::process::Pid;

/// Links of `/proc/self/task` in a process with one thread: `.`, `..` and one entry, proc(5).
const SINGLE_THREAD_LINKS: u64 = 3;

/// The child starts in the given cgroup, `linux/sched.h`; libc has it for glibc only, and there as a number that does
/// not fit.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// A process just forked.
#[derive(Debug)]
pub(crate) struct Forked {
    /// Its id in the pid namespace of the caller.
    pub(crate) pid: Pid,
    /// Readable once it has exited.
    pub(crate) pidfd: OwnedFd,
}

/// Forks into new `namespaces` (`CLONE_NEW*`) and `cgroup`; the child runs `child` and exits with its result.
///
/// # Errors
/// `Unsupported` when the process has more than one thread; else clone3's error.
pub(crate) fn fork(
    namespaces: libc::c_int,
    cgroup: Option<BorrowedFd<'_>>,
    child: impl FnOnce() -> u8,
) -> io::Result<Forked> {
    if std::fs::metadata("/proc/self/task")?.nlink() != SINGLE_THREAD_LINKS {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the process has more than one thread",
        ));
    }
    let mut pidfd: libc::c_int = -1;
    // SAFETY: clone_args is a plain structure of integers for which zero means "not given".
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = u64::from(libc::CLONE_PIDFD.unsigned_abs() | namespaces.unsigned_abs());
    args.pidfd = (&raw mut pidfd).addr() as u64;
    args.exit_signal = u64::from(libc::SIGCHLD.unsigned_abs());
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = u64::from(cgroup.as_raw_fd().unsigned_abs());
    }
    // SAFETY: without CLONE_VM the child gets a copy of the address space and returns here on its own stack; `args`
    // and `pidfd` live until the call returns; there is one thread, so that no lock is held by another.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw mut args, size_of::<libc::clone_args>()) };
    if pid == 0 {
        let code = child();
        // SAFETY: ends this process without running the parent's exit handlers.
        unsafe { libc::_exit(i32::from(code)) };
    }
    let pid = i32::try_from(pid)
        .ok()
        .filter(|pid| *pid > 0)
        .and_then(Pid::from_raw)
        .ok_or_else(io::Error::last_os_error)?;
    // SAFETY: clone3 succeeded with CLONE_PIDFD, so that `pidfd` is a new descriptor that nobody else owns.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Forked { pid, pidfd })
}

/// Moves the calling process into a new cgroup namespace whose root is the cgroup that it is in.
///
/// # Errors
/// The kernel's.
pub(crate) fn unshare_cgroup_namespace() -> rustix::io::Result<()> {
    // SAFETY: only sharing the descriptor table is dangerous to undo, and it is not undone here.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWCGROUP) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_more_threads_is_not_forked() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || held.recv());
        assert_eq!(fork(0, None, || 0).unwrap_err().kind(), io::ErrorKind::Unsupported);
        drop(release);
        assert!(thread.join().unwrap().is_err());
    }
}
