//! One machine: one QEMU process.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use container_hypervisor::capability::{DiskHotplug, Pause};
use container_hypervisor::{
    AgentConnector, Disk, DiskAccess, ExitReporter, ExitWatch, MachineDriver, MachineError, MachineExit,
};

use crate::channels::AgentEnd;
use crate::children::Children;
use crate::confinement::Confinement;
use crate::control::{Control, refused};
use crate::file_server::{self, ServerLaunch};
use crate::handed;
use crate::running::{QEMU, Running};
use crate::{process, watcher};

/// What it takes to start QEMU.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// QEMU's ends of the channels and its files, as the arguments name them.
    pub(crate) inherited: Vec<OwnedFd>,
    pub(crate) confinement: Confinement,
    /// What serves the shared directories.
    pub(crate) file_server: Option<ServerLaunch>,
    /// What QEMU calls its files, and what they are.
    pub(crate) file_names: Vec<(String, String)>,
}

/// This process's ends of the channels and what the machine started with.
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) agent: AgentEnd,
    pub(crate) control: OwnedFd,
    pub(crate) disk_count: usize,
    /// Whether there is a controller that takes further disks.
    pub(crate) controller: bool,
    /// Longest file that QEMU may write, bytes.
    pub(crate) file_size_bytes: Option<u64>,
}

/// A machine run by QEMU.
#[derive(Debug)]
pub(crate) struct QemuMachine {
    state: Mutex<State>,
    exit: ExitWatch,
    reporter: ExitReporter,
    control: tokio::sync::Mutex<Control>,
    controller: bool,
    file_size_bytes: Option<u64>,
}

#[derive(Debug)]
struct State {
    /// Until the machine is started.
    launch: Option<Box<Launch>>,
    /// Once it has been started.
    children: Option<Arc<Children>>,
    /// Until the way to the agent is asked for.
    agent: Option<AgentEnd>,
}

impl QemuMachine {
    pub(crate) fn new(launch: Launch, attached: Attached) -> Self {
        let Attached {
            agent,
            control,
            disk_count,
            controller,
            file_size_bytes,
        } = attached;
        let (reporter, exit) = ExitWatch::new();
        Self {
            state: Mutex::new(State {
                launch: Some(Box::new(launch)),
                children: None,
                agent: Some(agent),
            }),
            exit,
            reporter,
            control: tokio::sync::Mutex::new(Control::new(control, disk_count)),
            controller,
            file_size_bytes,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_failed(&self, program: String, source: io::Error) -> MachineError {
        let error = MachineError::Start { program, source };
        self.reporter.report(MachineExit::Failed {
            reason: error.to_string(),
        });
        error
    }
}

/// What ends QEMU where it outlives this process.
fn watchers(qemu: &Running) -> io::Result<Vec<Running>> {
    if process::DIES_WITH_PARENT {
        Ok(Vec::new())
    } else {
        Ok(vec![watcher::start(qemu)?])
    }
}

impl Drop for QemuMachine {
    fn drop(&mut self) {
        // The processes of one that was started report how they end.
        if self.state().children.is_none() {
            self.reporter.report(MachineExit::Killed);
        }
    }
}

#[async_trait]
impl MachineDriver for QemuMachine {
    async fn start(&self) -> Result<(), MachineError> {
        let mut state = self.state();
        let Some(launch) = state.launch.take() else {
            // The machine goes on as it was.
            return Err(MachineError::Start {
                program: QEMU.to_owned(),
                source: io::Error::other("the machine has been started or ended before"),
            });
        };
        let Launch {
            program,
            arguments,
            inherited,
            confinement,
            file_server,
            file_names,
        } = *launch;
        let mut companions = Vec::new();
        if let Some(file_server) = file_server {
            match file_server.start() {
                Ok(running) => companions.push(running),
                Err(source) => return Err(self.start_failed(file_server::NAME.to_owned(), source)),
            }
        }
        let started = Running::start(QEMU, &program, &arguments, inherited, confinement);
        let started = started.and_then(|running| {
            companions.extend(watchers(&running)?);
            Ok((companions, running))
        });
        match started {
            Ok((companions, running)) => {
                let running = running.with_file_names(file_names);
                let children = Children::own(running, companions, self.reporter.clone(), self.exit.clone());
                state.children = Some(Arc::new(children));
                Ok(())
            }
            Err(source) => Err(self.start_failed(program.display().to_string(), source)),
        }
    }

    fn agent_connector(&self) -> Result<Box<dyn AgentConnector>, MachineError> {
        let mut state = self.state();
        if state.children.is_none() {
            return Err(MachineError::NotStarted);
        }
        match state.agent.take() {
            Some(end) => Ok(Box::new(end)),
            None => Err(MachineError::StreamTaken),
        }
    }

    fn exit(&self) -> ExitWatch {
        self.exit.clone()
    }

    async fn kill(&self) -> Result<(), MachineError> {
        let children = {
            let mut state = self.state();
            state.launch = None;
            state.children.clone()
        };
        match children {
            Some(children) => children.kill().await,
            None => {
                self.reporter.report(MachineExit::Killed);
                Ok(())
            }
        }
    }

    fn as_pause(&self) -> Option<&dyn Pause> {
        Some(self)
    }

    fn as_disk_hotplug(&self) -> Option<&dyn DiskHotplug> {
        self.controller.then_some(self as &dyn DiskHotplug)
    }
}

#[async_trait]
impl Pause for QemuMachine {
    async fn pause(&self) -> Result<(), MachineError> {
        self.control.lock().await.execute("stop", None).await
    }

    async fn resume(&self) -> Result<(), MachineError> {
        self.control.lock().await.execute("cont", None).await
    }
}

#[async_trait]
impl DiskHotplug for QemuMachine {
    async fn add_disk(&self, disk: &Disk) -> Result<(), MachineError> {
        let file = handed::open_disk(disk).map_err(|error| refused("add-fd", error.to_string()))?;
        let limit = self.file_size_bytes.filter(|_| disk.access == DiskAccess::ReadWrite);
        if let (Some(limit), Some(size)) = (limit, handed::plain_size(&file))
            && size > limit
        {
            let reason = format!(
                "{} is larger than the largest disk that the machine was started with, of {limit} bytes",
                disk.path.display()
            );
            return Err(refused("add-fd", reason));
        }
        self.control.lock().await.add_disk(disk, &file).await
    }
}
