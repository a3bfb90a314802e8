//! Starting QEMU and what serves it: confined children that die with their parent and are not ended by signals of the terminal or of a session that ends.
#![expect(
    unsafe_code,
    reason = "what a child does between fork and exec has no safe interface"
)]

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod macos;

use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;

use rustix::process::getpid;
use tokio::process::{Child, Command};

use crate::confinement::Confinement;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use macos as system;
pub(crate) use system::{DIES_WITH_PARENT, ProcessHandle};

/// Standard streams of a child.
#[derive(Debug)]
pub(crate) struct Streams {
    pub(crate) input: Stdio,
    pub(crate) output: Stdio,
}

/// Starts `program` under `confinement`. It inherits exactly `inherited`, under their numbers in this process, `streams`
/// and a pipe for standard error; its environment is empty and its working directory `/`.
///
/// Linux kills the child when the *thread* that starts it ends (prctl(2), PR_SET_PDEATHSIG), so this must run on
/// a thread that lives as long as the machine: the launcher's main thread. Elsewhere see [`DIES_WITH_PARENT`].
pub(crate) fn spawn(
    program: &Path,
    arguments: &[OsString],
    inherited: Vec<OwnedFd>,
    mut confinement: Confinement,
    streams: Streams,
) -> io::Result<Child> {
    let parent = getpid();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(streams.input)
        .stdout(streams.output)
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // SAFETY: the closure runs in the child between fork and exec. It makes system calls only, allocates nothing and
    // takes no lock; the descriptors it touches are owned by the closure and open.
    unsafe {
        command.pre_exec(move || {
            system::die_with(parent)?;
            outlast_the_session()?;
            confinement.enforce(&inherited)
        });
    }
    // `command` is dropped on return, and with it this process's copies of the inherited descriptors.
    command.spawn()
}

/// Keeps the signals from the calling process by which a host that goes down, or a session of it that ends, asks all of its processes at once to end:
/// the launcher asks the container, which needs its machine for that. QEMU would obey at once; it installs handlers for both, so that being told to
/// ignore them would not last, and leaves the mask alone. System calls only.
fn outlast_the_session() -> io::Result<()> {
    let mut signals = MaybeUninit::uninit();
    // SAFETY: sigemptyset(3) makes a set of the memory that it is given, and the other calls are given that set.
    let result = unsafe {
        libc::sigemptyset(signals.as_mut_ptr());
        libc::sigaddset(signals.as_mut_ptr(), libc::SIGTERM);
        libc::sigaddset(signals.as_mut_ptr(), libc::SIGHUP);
        libc::pthread_sigmask(libc::SIG_BLOCK, signals.as_ptr(), std::ptr::null_mut())
    };
    match result {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}
