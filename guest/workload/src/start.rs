//! Starts a process: its streams, the fork into the namespaces, and what the caller keeps.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::thread::{LinkNameSpaceType, ThreadNameSpaceType, move_into_link_name_space, move_into_thread_name_spaces};

use crate::child::{self, Setup};
use crate::container::Container;
use crate::failure::StartFailure;
use crate::fork::{Forked, INIT_NAMESPACES, fork};
use crate::spec::{ProcessSpec, Role, Streams};
use crate::stdio::{self, ParentStdio};
use crate::waiting::Task;

/// Those of a container whose first process is of this kind.
fn init_namespaces(spec: &ProcessSpec) -> libc::c_int {
    match spec.own_network {
        Some(_) => INIT_NAMESPACES | libc::CLONE_NEWNET,
        None => INIT_NAMESPACES,
    }
}

/// A forked process that is about to execute its program.
#[derive(Debug)]
pub struct StartedProcess {
    /// Its id in the caller's pid namespace.
    pub pid: u32,
    /// Readable once it has exited; must be waited for in any case.
    pub pidfd: Arc<OwnedFd>,
    /// The caller's ends of its streams.
    pub stdio: ParentStdio,
    /// Ends without a byte when the program runs, else holds a record for [`StartFailure::decode`].
    pub report: OwnedFd,
}

impl Container {
    /// Starts a process for `spec`. [`StartedProcess::report`] tells whether its program could be executed. It is forked, unless it is the first one, one waits
    /// ([`Container::fork_ahead`]), and `encoded_spec` describes it in the caller's encoding.
    ///
    /// # Errors
    /// The step that failed before or in the fork, in which case there is no process; also an exec without a running init.
    pub fn start(
        &mut self,
        role: Role,
        spec: &ProcessSpec,
        encoded_spec: Option<Vec<u8>>,
        streams: Streams,
    ) -> Result<StartedProcess, StartFailure> {
        match (role, &self.init) {
            (Role::Init, Some(_)) => return Err(StartFailure::setup("start", "the container is running already")),
            (Role::Init, None) if !self.has_root() => {
                return Err(StartFailure::setup("start", "no step has been begun"));
            }
            (Role::Exec, None) => return Err(StartFailure::setup("start", "the container is not running")),
            _ => {}
        }
        let (parent_stdio, child_stdio) = stdio::open(streams, &self.layout.root())
            .map_err(|error| StartFailure::setup("make the standard streams", error))?;
        let (report, child_report) =
            pipe_with(PipeFlags::CLOEXEC).map_err(|error| StartFailure::setup("make a pipe", error))?;
        let mut task = Task {
            hostname: self.spec.hostname.clone(),
            stdio: child_stdio,
            report: child_report,
            encoded_spec: Vec::new(),
        };
        let ahead = match (role, self.waiting.take(), encoded_spec) {
            (Role::Init, Some(waiting), Some(encoded_spec)) if spec.own_network.is_none() => {
                task.encoded_spec = encoded_spec;
                waiting.begin(&task)
            }
            (_, waiting, _) => {
                if let Some(waiting) = waiting {
                    waiting.end();
                    self.kept_namespaces.clear();
                }
                None
            }
        };
        let forked = match ahead {
            Some(forked) => forked,
            None => self
                .fork_for(role, spec, &task)
                .map_err(|error| StartFailure::setup("fork", error))?,
        };
        let Forked { pid, pidfd } = forked;
        let pidfd = Arc::new(pidfd);
        if role == Role::Init {
            self.init = Some(Arc::clone(&pidfd));
        }
        Ok(StartedProcess {
            pid: pid.as_raw_nonzero().get().unsigned_abs(),
            pidfd,
            stdio: parent_stdio,
            report,
        })
    }

    /// Forks a process that becomes the program of `spec`.
    fn fork_for(&self, role: Role, spec: &ProcessSpec, task: &Task) -> std::io::Result<Forked> {
        let setup = Setup {
            hostname: &task.hostname,
            role,
            spec,
            stdio: &task.stdio,
        };
        let run = || child::run(self, &setup, &task.report);
        let cgroup = Some(self.cgroup.directory().as_fd());
        match &self.init {
            None => fork(init_namespaces(spec), cgroup, run),
            Some(init) => self.fork_into(init.as_fd(), cgroup, run),
        }
    }

    /// Forks into the pid namespace of `init`. Entering a pid namespace affects only children, so the caller enters it
    /// for the fork and returns; the child enters the other namespaces.
    fn fork_into(
        &self,
        init: BorrowedFd<'_>,
        cgroup: Option<BorrowedFd<'_>>,
        run: impl FnOnce() -> u8,
    ) -> std::io::Result<Forked> {
        move_into_thread_name_spaces(init, ThreadNameSpaceType::PROCESS_ID)?;
        let forked = fork(0, cgroup, run);
        let returned = move_into_link_name_space(self.own_pid_namespace.as_fd(), Some(LinkNameSpaceType::ProcessID));
        match (returned, forked) {
            (Ok(()), forked) => forked,
            (Err(error), forked) => {
                // Nobody would wait for it.
                if let Ok(forked) = forked {
                    forked.end();
                }
                Err(error.into())
            }
        }
    }
}
