//! One machine: one QEMU process.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use container_hypervisor::capability::{DiskHotplug, Pause, Template};
use container_hypervisor::{
    AgentConnector, Disk, DiskAccess, ExitReporter, ExitWatch, MachineDriver, MachineError, MachineExit, StallReporter,
    StallWatch,
};

use crate::channels::AgentEnd;
use crate::children::Children;
use crate::confinement::Confinement;
use crate::control::{Control, refused};
use crate::file_server::{self, ServerLaunch};
use crate::handed;
use crate::late_port::LatePort;
use crate::process::Streams;
use crate::restoring::{self, SavedState};
use crate::running::{QEMU, Running};
use crate::{process, saving, stalls, watcher};

/// How long a QEMU that fails may take to say why and end.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_millis(500);

/// What it takes to start QEMU.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// QEMU's ends of the channels and its files, as the arguments name them.
    pub(crate) inherited: Vec<OwnedFd>,
    pub(crate) confinement: Confinement,
    /// QEMU's standard input, if it has one.
    pub(crate) input: Option<OwnedFd>,
    /// What serves the shared directories.
    pub(crate) file_server: Option<ServerLaunch>,
    /// What the machine continues.
    pub(crate) saved: Option<SavedState>,
    /// What QEMU calls its files, and what they are.
    pub(crate) file_names: Vec<(String, String)>,
}

/// This process's ends of the channels and what the machine started with.
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) agent: AgentEnd,
    pub(crate) control: Control,
    /// Whether there is a controller that takes further disks.
    pub(crate) controller: bool,
    /// Longest file that QEMU may write, bytes.
    pub(crate) file_size_bytes: Option<u64>,
    /// Whether it is to be saved.
    pub(crate) is_template: bool,
}

/// A machine run by QEMU.
#[derive(Debug)]
pub(crate) struct QemuMachine {
    state: Mutex<State>,
    exit: ExitWatch,
    reporter: ExitReporter,
    stalls: StallWatch,
    control: Arc<tokio::sync::Mutex<Control>>,
    controller: bool,
    file_size_bytes: Option<u64>,
    is_template: bool,
    has_port: bool,
}

#[derive(Debug)]
struct State {
    /// Until the machine is started.
    launch: Option<Box<Launch>>,
    stalls: Option<StallReporter>,
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
            controller,
            file_size_bytes,
            is_template,
        } = attached;
        let has_port = matches!(agent, AgentEnd::Port(_) | AgentEnd::ClosedPort);
        let (reporter, exit) = ExitWatch::new();
        let (stall_reporter, stalls) = StallWatch::new();
        Self {
            state: Mutex::new(State {
                launch: Some(Box::new(launch)),
                stalls: Some(stall_reporter),
                children: None,
                agent: Some(agent),
            }),
            exit,
            reporter,
            stalls,
            control: Arc::new(tokio::sync::Mutex::new(control)),
            controller,
            file_size_bytes,
            is_template,
            has_port,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the processes, and returns what the machine continues.
    fn launch(&self) -> Result<Option<SavedState>, MachineError> {
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
            input,
            file_server,
            saved,
            file_names,
        } = *launch;
        let mut companions = Vec::new();
        if let Some(file_server) = file_server {
            match file_server.start() {
                Ok(running) => companions.push(running),
                Err(source) => return Err(self.start_failed(file_server::NAME.to_owned(), source)),
            }
        }
        let streams = Streams {
            input: input.map_or_else(Stdio::null, Stdio::from),
            output: Stdio::null(),
        };
        let started = Running::start_with(QEMU, &program, &arguments, streams, inherited, confinement);
        let started = started.and_then(|running| {
            companions.extend(watchers(&running)?);
            Ok((companions, running))
        });
        match started {
            Ok((companions, running)) => {
                let running = running.with_file_names(file_names);
                let children = Children::own(running, companions, self.reporter.clone(), self.exit.clone());
                state.children = Some(Arc::new(children));
                Ok(saved)
            }
            Err(source) => Err(self.start_failed(program.display().to_string(), source)),
        }
    }

    /// Loads the machine, which has just been started, and lets it go on; ends it when that fails.
    async fn load(&self, saved: SavedState) -> Result<(), MachineError> {
        let loaded = {
            let mut control = self.control.lock().await;
            tokio::select! {
                loaded = saved.load(&mut control) => loaded,
                exit = self.exit.ended() => Err(restoring::failed(restoring::LOADING, in_words(exit))),
            }
        };
        let Err(error) = loaded else {
            return Ok(());
        };
        let error = match error {
            MachineError::Restore { step, reason } if step != restoring::READING => {
                // A QEMU that gives up ends, and knows better why than who finds its channel closed.
                let ended = tokio::time::timeout(LAST_WORDS_TIMEOUT, self.exit.ended()).await;
                restoring::failed(step, ended.map_or(reason, in_words))
            }
            error => error,
        };
        if let Err(error) = self.kill().await {
            tracing::warn!(%error, "a machine that was not restored does not end");
        }
        Err(error)
    }

    fn start_failed(&self, program: String, source: io::Error) -> MachineError {
        let error = MachineError::Start { program, source };
        self.reporter.report(MachineExit::Failed {
            reason: error.to_string(),
        });
        error
    }
}

/// The end of a machine in the middle of something, in words.
fn in_words(exit: MachineExit) -> String {
    match exit {
        MachineExit::Failed { reason } => reason,
        MachineExit::Killed => "the machine was killed".to_owned(),
        MachineExit::PowerOff => "the machine ended".to_owned(),
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
        if let Some(saved) = self.launch()? {
            self.load(saved).await?;
        }
        if let Some(reporter) = self.state().stalls.take() {
            tokio::spawn(stalls::report(Arc::clone(&self.control), reporter, self.exit.clone()));
        }
        Ok(())
    }

    fn agent_connector(&self) -> Result<Box<dyn AgentConnector>, MachineError> {
        let mut state = self.state();
        if state.children.is_none() {
            return Err(MachineError::NotStarted);
        }
        match state.agent.take() {
            Some(AgentEnd::ClosedPort) => Ok(Box::new(LatePort {
                control: Arc::clone(&self.control),
            })),
            Some(end) => Ok(Box::new(end)),
            None => Err(MachineError::StreamTaken),
        }
    }

    fn exit(&self) -> ExitWatch {
        self.exit.clone()
    }

    fn stalls(&self) -> Option<StallWatch> {
        Some(self.stalls.clone())
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

    fn as_template(&self) -> Option<&dyn Template> {
        self.is_template.then_some(self as &dyn Template)
    }

    fn as_disk_hotplug(&self) -> Option<&dyn DiskHotplug> {
        self.controller.then_some(self as &dyn DiskHotplug)
    }
}

#[async_trait]
impl Pause for QemuMachine {
    async fn pause(&self) -> Result<(), MachineError> {
        self.control.lock().await.execute("stop", None).await.map(drop)
    }

    async fn resume(&self) -> Result<(), MachineError> {
        self.control.lock().await.execute("cont", None).await.map(drop)
    }
}

#[async_trait]
impl Template for QemuMachine {
    async fn save(&self, state: &Path) -> Result<(), MachineError> {
        let content = {
            let mut control = self.control.lock().await;
            tokio::select! {
                content = saving::state(&mut control, self.has_port) => content,
                exit = self.exit.ended() => Err(saving::failed(saving::WRITING, in_words(exit))),
            }
        }?;
        saving::write(state, &content)
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
