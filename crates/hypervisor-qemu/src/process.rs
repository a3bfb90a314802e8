//! The QEMU process: a child that dies with its parent and hears nothing of the terminal.
#![expect(
    unsafe_code,
    reason = "what a child does between fork and exec has no safe interface"
)]

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::process::Stdio;

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal, setsid};
use tokio::process::{Child, Command};

/// Starts `program`. It inherits exactly `inherited`, under their numbers in this process, and a pipe for standard
/// error; its working directory is `/`.
///
/// The kernel kills the child when the *thread* that starts it ends (prctl(2), PR_SET_PDEATHSIG), so this must run on
/// a thread that lives as long as the machine: the launcher's main thread.
pub(crate) fn spawn(program: &Path, arguments: &[OsString], inherited: Vec<OwnedFd>) -> io::Result<Child> {
    let parent = getpid();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // SAFETY: the closure runs in the child between fork and exec. It makes system calls only, through rustix's raw
    // backend, allocates nothing and takes no lock; the descriptors it touches are owned by the closure and open.
    unsafe {
        command.pre_exec(move || prepare(parent, &inherited));
    }
    // `command` is dropped on return, and with it this process's copies of the inherited descriptors.
    command.spawn()
}

fn prepare(parent: Pid, inherited: &[OwnedFd]) -> io::Result<()> {
    // A session of its own: no Ctrl-C, no hang-up.
    setsid()?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before the line above; then there is nobody whose death could be signalled.
    if getppid() != Some(parent) {
        return Err(Errno::SRCH.into());
    }
    for descriptor in inherited {
        fcntl_setfd(descriptor.as_fd(), FdFlags::empty())?;
    }
    Ok(())
}
