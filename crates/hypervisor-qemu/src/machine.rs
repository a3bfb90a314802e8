//! One machine: one QEMU process.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use container_hypervisor::capability::{DiskHotplug, Pause};
use container_hypervisor::{AgentStream, Disk, Machine, MachineError, MachineExit};
use container_stream::ByteStream;
use tokio::process::Child;

use crate::channels::{self, AgentEnd};
use crate::command_line::hot_plug;
use crate::last_words::{self, LastWords};
use crate::process;
use crate::qmp::QmpClient;

/// A killed process is gone at once, unless it sits in an uninterruptible system call.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// What it takes to start QEMU.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// QEMU's ends of the channels, as the arguments name them.
    pub(crate) inherited: Vec<OwnedFd>,
}

/// This process's ends of the channels and what the machine started with.
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) agent: AgentEnd,
    pub(crate) control: OwnedFd,
    pub(crate) disk_count: usize,
    /// Whether there is a controller that takes further disks.
    pub(crate) controller: bool,
}

/// A machine run by QEMU.
#[derive(Debug)]
pub struct QemuMachine {
    state: State,
    agent: Option<AgentEnd>,
    control: Control,
    disk_count: usize,
    controller: bool,
}

#[derive(Debug)]
enum State {
    Prepared(Launch),
    Running(Running),
    Ended(MachineExit),
}

#[derive(Debug)]
struct Running {
    child: Child,
    last_words: LastWords,
}

/// The control channel; greeted at the first use, because a start needs none.
#[derive(Debug)]
enum Control {
    Unused(OwnedFd),
    Open(QmpClient),
    /// A command was cut off, so that nobody knows which answer comes next.
    Lost,
}

impl QemuMachine {
    pub(crate) fn new(launch: Launch, attached: Attached) -> Self {
        let Attached {
            agent,
            control,
            disk_count,
            controller,
        } = attached;
        Self {
            state: State::Prepared(launch),
            agent: Some(agent),
            control: Control::Unused(control),
            disk_count,
            controller,
        }
    }

    async fn execute(&mut self, command: &str, arguments: Option<&serde_json::Value>) -> Result<(), MachineError> {
        // Taken out, so that a cancelled call leaves `Lost` behind.
        let mut client = match std::mem::replace(&mut self.control, Control::Lost) {
            Control::Open(client) => client,
            Control::Unused(socket) => {
                let stream = ByteStream::from_socket(socket).map_err(|source| MachineError::Stream { source })?;
                QmpClient::connect(stream).await?
            }
            Control::Lost => {
                let reason = "the control channel is broken".to_owned();
                return Err(MachineError::Control {
                    command: command.to_owned(),
                    reason,
                });
            }
        };
        let result = client.execute(command, arguments).await;
        self.control = Control::Open(client);
        result
    }
}

impl Running {
    /// Waits for the end. Cancel-safe.
    async fn ended(&mut self) -> MachineExit {
        let status = tokio::select! {
            status = self.child.wait() => status,
            // QEMU would keep the stopped machine for ever.
            () = self.last_words.kvm_failed() => {
                let _ = self.child.start_kill();
                self.child.wait().await
            }
        };
        let words = self.last_words.finish().await;
        match status {
            Ok(status) if status.success() => MachineExit::PowerOff,
            Ok(status) => MachineExit::Failed {
                reason: last_words::with_status(status, &words),
            },
            Err(error) => MachineExit::Failed {
                reason: format!("QEMU cannot be waited for: {error}"),
            },
        }
    }
}

#[async_trait]
impl Machine for QemuMachine {
    async fn start(&mut self) -> Result<(), MachineError> {
        let State::Prepared(launch) = &mut self.state else {
            let source = std::io::Error::other("the machine has been started before");
            return Err(MachineError::Start {
                program: "QEMU".to_owned(),
                source,
            });
        };
        let inherited = std::mem::take(&mut launch.inherited);
        let program = launch.program.display().to_string();
        let failed = |source| MachineError::Start {
            program: program.clone(),
            source,
        };
        let mut child = process::spawn(&launch.program, &launch.arguments, inherited).map_err(failed)?;
        let stderr = child
            .stderr
            .take()
            .ok_or_else(|| failed(std::io::ErrorKind::BrokenPipe.into()))?;
        self.state = State::Running(Running {
            child,
            last_words: LastWords::collect(stderr),
        });
        Ok(())
    }

    async fn connect_agent(&mut self) -> Result<AgentStream, MachineError> {
        let State::Running(running) = &mut self.state else {
            return Err(MachineError::Stream {
                source: std::io::ErrorKind::NotConnected.into(),
            });
        };
        match self.agent.take() {
            None => Err(MachineError::StreamTaken),
            Some(AgentEnd::Port(socket)) => {
                ByteStream::from_socket(socket).map_err(|source| MachineError::Stream { source })
            }
            Some(AgentEnd::Vsock { guest_cid }) => {
                self.agent = Some(AgentEnd::Vsock { guest_cid });
                tokio::select! {
                    stream = channels::connect_when_listening(guest_cid) => Ok(stream),
                    _ = running.child.wait() => {
                        Err(MachineError::Stream { source: std::io::ErrorKind::NotConnected.into() })
                    }
                }
            }
        }
    }

    async fn wait(&mut self) -> MachineExit {
        let exit = match &mut self.state {
            State::Ended(exit) => return exit.clone(),
            State::Prepared(_) => {
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
            State::Prepared(_) => MachineExit::Killed,
            State::Running(running) => {
                running
                    .child
                    .start_kill()
                    .map_err(|source| MachineError::Kill { source })?;
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
        let path = disk.path.to_str().ok_or_else(|| MachineError::Control {
            command: "blockdev-add".to_owned(),
            reason: format!(
                "{} is not UTF-8, as QEMU's control channel demands",
                disk.path.display()
            ),
        })?;
        let commands = hot_plug(disk, path, self.disk_count);
        // A number that failed half-way is not used again.
        self.disk_count += 1;
        self.execute("blockdev-add", Some(&commands.node)).await?;
        self.execute("device_add", Some(&commands.device)).await
    }
}
