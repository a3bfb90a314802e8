//! The first process of a container, forked before it is known what it will run.
//!
//! It makes its namespaces, enters the container, mounts what is mounted from inside, and waits. In a machine that is saved there and restored, none of that
//! has to be done again.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::Pid;

use crate::child;
use crate::container::Container;
use crate::fork::{INIT_NAMESPACES, fork, keep_only};
use crate::waiting::{ReadSpec, WaitingInit};

/// Which of its namespaces outlive it, namespaces(7). The kernel takes all mounts of a mount namespace, and the file system of queues of an IPC namespace, apart
/// with the last process in there, and tells of the end of that process afterwards only.
const KEPT_NAMESPACES: [&str; 2] = ["mnt", "ipc"];

impl Container {
    /// Forks the first process ahead of its time. Without success, it is forked when it is started, as any other.
    ///
    /// # Errors
    /// Why none waits.
    pub fn fork_ahead(&mut self, read_spec: ReadSpec) -> io::Result<()> {
        if self.init.is_some() || self.waiting.is_some() || self.steps.is_some() {
            return Err(io::Error::other(
                "the container is not one whose first process can wait",
            ));
        }
        let (channel, far) = UnixStream::pair()?;
        let container = &*self;
        let forked = fork(INIT_NAMESPACES, Some(container.cgroup.directory().as_fd()), move || {
            // What else is open belongs to a host that goes.
            match keep_only(&[far.as_fd()]) {
                Ok(()) => child::run_later(container, far, read_spec),
                Err(_) => 1,
            }
        })?;
        let pid = forked.pid;
        self.waiting = Some(WaitingInit::new(forked, channel)?);
        self.kept_namespaces = KEPT_NAMESPACES
            .iter()
            .filter_map(|kind| open_namespace(pid, kind).ok())
            .collect();
        Ok(())
    }

    /// Whether a first process waits for what it is to run.
    pub fn has_waiting_init(&self) -> bool {
        self.waiting.is_some()
    }

    /// Ends the process that waits, if there is one.
    pub(crate) fn end_waiting(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            waiting.end();
        }
    }
}

fn open_namespace(pid: Pid, kind: &str) -> rustix::io::Result<OwnedFd> {
    let path = format!("/proc/{}/ns/{kind}", pid.as_raw_nonzero());
    openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}
