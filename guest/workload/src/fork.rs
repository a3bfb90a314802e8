//! The fork: clone3(2) with namespaces, target cgroup and pidfd in one call.
//!
//! The child goes on with ordinary Rust code (allocation included). That is sound only because the process has one
//! thread: no lock can be held by a thread that does not exist in the child. [`fork`] checks it at every call.

#![expect(unsafe_code, reason = "clone3, _exit, unshare and close_range have no safe wrapper")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::signal::send_signal;

/// Links of `/proc/self/task` in a process with one thread: `.`, `..` and one entry, proc(5).
const SINGLE_THREAD_LINKS: u64 = 3;

/// The child starts in the given cgroup, `linux/sched.h`; libc has it for glibc only, and there as a number that does
/// not fit.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Namespaces of a new container. The cgroup namespace follows in the child: its root is the cgroup that the process
/// is in when it is made, and clone3 makes namespaces before it moves the child.
pub(crate) const INIT_NAMESPACES: libc::c_int =
    libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC;

/// A process just forked.
#[derive(Debug)]
pub(crate) struct Forked {
    /// Its id in the pid namespace of the caller.
    pub(crate) pid: Pid,
    /// Readable once it has exited.
    pub(crate) pidfd: OwnedFd,
}

impl Forked {
    /// Kills it and waits for its end.
    pub(crate) fn end(self) {
        let _ = send_signal(self.pidfd.as_fd(), libc::SIGKILL.unsigned_abs());
        let _ = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
    }
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

/// Forks a process that works for the caller and runs no program: into the caller's namespaces, into `cgroup`, with none of its descriptors but the
/// standard streams and `kept`. Others are connections and streams, which do not end while any process has them.
///
/// # Errors
/// As of [`fork`].
pub(crate) fn fork_worker(
    cgroup: Option<BorrowedFd<'_>>,
    kept: &[BorrowedFd<'_>],
    work: impl FnOnce() -> u8,
) -> io::Result<Forked> {
    fork(0, cgroup, || match keep_only(kept) {
        Ok(()) => work(),
        Err(_) => 1,
    })
}

/// Moves the calling process into a new cgroup namespace whose root is the cgroup that it is in.
///
/// # Errors
/// The kernel's.
pub(crate) fn unshare_cgroup_namespace() -> rustix::io::Result<()> {
    // SAFETY: only sharing the descriptor table is dangerous to undo, and it is not undone here.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWCGROUP) }
}

/// Closes every descriptor of the calling process but the standard streams and those.
pub(crate) fn keep_only(kept: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut kept: Vec<libc::c_uint> = kept
        .iter()
        .map(|descriptor| descriptor.as_raw_fd().unsigned_abs())
        .collect();
    kept.sort_unstable();
    // What the process opens later must not get the number of a stream that messages go to.
    let mut first = libc::STDERR_FILENO.unsigned_abs() + 1;
    for descriptor in kept {
        if first < descriptor {
            close_range(first, descriptor - 1)?;
        }
        first = first.max(descriptor + 1);
    }
    close_range(first, libc::c_uint::MAX)
}

fn close_range(first: libc::c_uint, last: libc::c_uint) -> io::Result<()> {
    // SAFETY: called in a forked child only, which uses none of the descriptors and never runs what owns them.
    match unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::pipe::{PipeFlags, pipe_with};
    use rustix::process::{WaitOptions, waitpid};

    #[test]
    fn a_worker_has_no_descriptor_but_its_own() {
        assert_eq!(in_one_thread(worker_keeps_its_own), 0);
    }

    /// Whether all ends of a pipe are closed while a worker lives that has not been given one, and the ends of another one are not.
    fn worker_keeps_its_own() -> io::Result<bool> {
        let ([connection, peer], [given, work_given], [held, release]) = (pipe()?, pipe()?, pipe()?);
        let kept = [held.as_fd(), work_given.as_fd()];
        let worker = fork_worker(None, &kept, || u8::from(rustix::io::read(&held, &mut [0]).is_err()))?;
        drop((peer, work_given));
        let is_closed = |end: &OwnedFd, wait_s| -> io::Result<bool> {
            let wait = Timespec {
                tv_sec: wait_s,
                tv_nsec: 0,
            };
            Ok(poll(&mut [PollFd::new(end, PollFlags::IN)], Some(&wait))? > 0)
        };
        let as_promised = is_closed(&connection, 10)? && !is_closed(&given, 0)?;
        worker.end();
        drop(release);
        Ok(as_promised)
    }

    fn pipe() -> io::Result<[OwnedFd; 2]> {
        Ok(pipe_with(PipeFlags::CLOEXEC)?.into())
    }

    /// The exit code of a process with one thread that does `work`: 0 if that is true.
    fn in_one_thread(work: fn() -> io::Result<bool>) -> i32 {
        // SAFETY: glibc and musl make their allocator usable in the child of a process with more threads, and it uses nothing else that has a lock.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let code = match work() {
                Ok(true) => 0,
                Ok(false) => 1,
                Err(_) => 2,
            };
            // SAFETY: ends this process without running the parent's exit handlers.
            unsafe { libc::_exit(code) };
        }
        let ended = waitpid(Pid::from_raw(pid), WaitOptions::empty()).unwrap();
        ended.and_then(|(_, status)| status.exit_status()).unwrap()
    }

    #[test]
    fn a_process_with_more_threads_is_not_forked() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || held.recv());
        assert_eq!(fork(0, None, || 0).unwrap_err().kind(), io::ErrorKind::Unsupported);
        drop(release);
        assert!(thread.join().unwrap().is_err());
    }
}
