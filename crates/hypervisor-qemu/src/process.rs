//! Starting QEMU and what serves it: confined children that die with their parent and get no signals of the terminal.
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
            confinement.enforce(&inherited)
        });
    }
    // `command` is dropped on return, and with it this process's copies of the inherited descriptors.
    command.spawn()
}
