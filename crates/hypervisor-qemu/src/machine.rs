//! One machine: one QEMU process.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use container_hypervisor::capability::{DiskHotplug, Pause};
use container_hypervisor::{AgentConnector, Disk, DiskAccess, Machine, MachineError, MachineExit};

use crate::channels::AgentEnd;
use crate::command_line::hot_plug;
use crate::confinement::Confinement;
use crate::handed;
use crate::qmp::QmpClient;
use crate::running::Running;

/// A killed process is gone at once, unless it sits in an uninterruptible system call.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// What it takes to start QEMU.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// QEMU's ends of the channels and its files, as the arguments name them.
    pub(crate) inherited: Vec<OwnedFd>,
    pub(crate) confinement: Confinement,
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
pub struct QemuMachine {
    state: State,
    agent: Option<AgentEnd>,
    control: Control,
    disk_count: usize,
    controller: bool,
    file_size_bytes: Option<u64>,
}

#[derive(Debug)]
enum State {
    Prepared(Box<Launch>),
    /// A start that failed, or one that was asked for again.
    Spent,
    Running(Running),
    Ended(MachineExit),
}

/// The control channel; greeted at the first use, because a start needs none.
#[derive(Debug)]
enum Control {
    Unused(OwnedFd),
    Open(QmpClient),
    /// It could not be greeted.
    Lost,
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
        Self {
            state: State::Prepared(Box::new(launch)),
            agent: Some(agent),
            control: Control::Unused(control),
            disk_count,
            controller,
            file_size_bytes,
        }
    }

    /// The greeted control channel.
    async fn control(&mut self, command: &str) -> Result<&mut QmpClient, MachineError> {
        if let Control::Unused(_) = self.control
            && let Control::Unused(socket) = std::mem::replace(&mut self.control, Control::Lost)
        {
            self.control = Control::Open(QmpClient::connect(socket).await?);
        }
        match &mut self.control {
            Control::Open(client) => Ok(client),
            _ => Err(refused(command, "the control channel could not be opened".to_owned())),
        }
    }

    async fn execute(&mut self, command: &str, arguments: Option<&serde_json::Value>) -> Result<(), MachineError> {
        self.control(command).await?.execute(command, arguments, None).await
    }
}

fn refused(command: &str, reason: String) -> MachineError {
    MachineError::Control {
        command: command.to_owned(),
        reason,
    }
}

#[async_trait]
impl Machine for QemuMachine {
    async fn start(&mut self) -> Result<(), MachineError> {
        let failed = |program: String, source| MachineError::Start { program, source };
        let launch = match std::mem::replace(&mut self.state, State::Spent) {
            State::Prepared(launch) => launch,
            other => {
                self.state = other;
                let source = io::Error::other("the machine has been started before");
                return Err(failed("QEMU".to_owned(), source));
            }
        };
        let name = launch.program.display().to_string();
        let running = Running::start(&launch.program, &launch.arguments, launch.inherited, launch.confinement)
            .map_err(|source| failed(name, source))?;
        self.state = State::Running(running.with_file_names(launch.file_names));
        Ok(())
    }

    fn agent_connector(&mut self) -> Result<Box<dyn AgentConnector>, MachineError> {
        if !matches!(self.state, State::Running(_)) {
            return Err(MachineError::NotStarted);
        }
        match self.agent.take() {
            Some(end) => Ok(Box::new(end)),
            None => Err(MachineError::StreamTaken),
        }
    }

    async fn wait(&mut self) -> MachineExit {
        let exit = match &mut self.state {
            State::Ended(exit) => return exit.clone(),
            State::Prepared(_) | State::Spent => {
                return MachineExit::Failed {
                    reason: "it was never started".to_owned(),
                };
            }
            State::Running(running) => running.ended().await,
        };
        self.state = State::Ended(exit.clone());
        exit
    }

    async fn kill(&mut self) -> Result<(), MachineError> {
        let exit = match &mut self.state {
            State::Ended(_) => return Ok(()),
            State::Prepared(_) | State::Spent => MachineExit::Killed,
            State::Running(running) => {
                running.start_kill().map_err(|source| MachineError::Kill { source })?;
                match tokio::time::timeout(KILL_TIMEOUT, running.ended()).await {
                    // It may have ended by itself just before.
                    Ok(MachineExit::PowerOff) => MachineExit::PowerOff,
                    Ok(_) => MachineExit::Killed,
                    Err(_) => {
                        return Err(MachineError::Kill {
                            source: std::io::ErrorKind::TimedOut.into(),
                        });
                    }
                }
            }
        };
        self.state = State::Ended(exit);
        Ok(())
    }

    fn as_pause(&mut self) -> Option<&mut dyn Pause> {
        Some(self)
    }

    fn as_disk_hotplug(&mut self) -> Option<&mut dyn DiskHotplug> {
        self.controller.then_some(self as &mut dyn DiskHotplug)
    }
}

#[async_trait]
impl Pause for QemuMachine {
    async fn pause(&mut self) -> Result<(), MachineError> {
        self.execute("stop", None).await
    }

    async fn resume(&mut self) -> Result<(), MachineError> {
        self.execute("cont", None).await
    }
}

#[async_trait]
impl DiskHotplug for QemuMachine {
    async fn add_disk(&mut self, disk: &Disk) -> Result<(), MachineError> {
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
        let commands = hot_plug(disk, self.disk_count);
        // A number that failed half-way is not used again.
        self.disk_count += 1;
        let client = self.control("add-fd").await?;
        client
            .execute("add-fd", Some(&commands.descriptor), Some(file.as_fd()))
            .await?;
        self.execute("blockdev-add", Some(&commands.node)).await?;
        self.execute("device_add", Some(&commands.device)).await
    }
}
