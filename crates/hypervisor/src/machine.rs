//! What a backend provides: machines that start, run, stop and give out a way to their agent.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::{AgentConnector, CreateError, MachineConfig, MachineError, capability};

/// What a backend says of itself to `container system status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HypervisorInfo {
    /// Program or framework with its version, e.g. `QEMU 7.2.22`.
    pub name: String,
    /// `kvm`, `tcg` or `virtualization-framework`.
    pub accelerator: String,
    /// One line on why this accelerator was chosen.
    pub reason: String,
    /// One line on what keeps the hypervisor's process from the rest of the host.
    pub confinement: String,
    /// Virtual processors of a machine whose user asks for none in particular: as many as cost nothing to have.
    pub default_vcpu_count: u32,
    /// Most disks a machine can have, writable one included.
    pub disk_slots: usize,
    /// Architecture of guests, in OCI terms (`amd64`, `arm64`).
    pub architecture: String,
}

/// Makes machines. One value serves one launcher.
#[async_trait]
pub trait Hypervisor: Send + Sync {
    /// What it is and how it accelerates.
    fn info(&self) -> &HypervisorInfo;

    /// The kernel image that suits this backend and its accelerator best. Not checked for existence:
    /// [`Hypervisor::create`] does that.
    fn kernel(&self) -> PathBuf;

    /// Prepares a machine without starting it. Checks everything that can be checked beforehand.
    ///
    /// # Errors
    /// [`CreateError`] names the file or setting that does not do.
    async fn create(&self, config: MachineConfig) -> Result<Box<dyn Machine>, CreateError>;

    /// Another backend to try once, when a machine ended like `exit` before its agent ever answered; remembers the
    /// failure, so that the next start takes that one first. `None` when another try is pointless.
    async fn fallback(&self, exit: &MachineExit) -> Option<Box<dyn Hypervisor>> {
        let _ = exit;
        None
    }
}

/// How a machine ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MachineExit {
    /// The guest ended the machine: a power-off it was asked for, or the reset after a panic. Which of them, the
    /// caller knows from whether it asked, and the console log tells the rest.
    PowerOff,
    /// It was ended through [`Machine::kill`].
    Killed,
    /// The hypervisor itself failed or was ended from outside.
    Failed {
        /// What is known of it, e.g. the signal and QEMU's last words.
        reason: String,
    },
}

/// One virtual machine. Dropping it ends it.
#[async_trait]
pub trait Machine: Send {
    /// Starts the machine; returns once the hypervisor runs, before the guest has booted. Once per machine.
    ///
    /// # Errors
    /// [`MachineError::Start`].
    async fn start(&mut self) -> Result<(), MachineError>;

    /// The way to the agent, once per machine: the agent listens to one peer. To be had as soon as the machine has been
    /// started.
    ///
    /// # Errors
    /// [`MachineError::NotStarted`], [`MachineError::StreamTaken`].
    fn agent_connector(&mut self) -> Result<Box<dyn AgentConnector>, MachineError>;

    /// Waits until the machine has ended. Cancel-safe, and may be called again afterwards.
    async fn wait(&mut self) -> MachineExit;

    /// Ends the machine at once, as pulling the plug would, and waits until it is gone.
    ///
    /// # Errors
    /// [`MachineError::Kill`].
    async fn kill(&mut self) -> Result<(), MachineError>;

    /// Pausing and resuming, where the backend can.
    fn as_pause(&mut self) -> Option<&mut dyn capability::Pause> {
        None
    }

    /// Adding disks while the machine runs, where the backend can.
    fn as_disk_hotplug(&mut self) -> Option<&mut dyn capability::DiskHotplug> {
        None
    }
}
