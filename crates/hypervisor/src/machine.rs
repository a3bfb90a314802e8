//! A virtual machine as a handle, and what a backend implements behind it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{AgentConnector, ExitWatch, MachineError, MachineExit, StallWatch, capability};

/// A virtual machine: a handle that any number of parts may hold and use at the same time. The machine ends at the latest when the
/// last handle is dropped.
#[derive(Clone)]
pub struct Machine {
    driver: Arc<dyn MachineDriver>,
}

impl Machine {
    /// The handle of a machine that a backend has prepared.
    #[must_use]
    pub fn new(driver: impl MachineDriver + 'static) -> Self {
        Self {
            driver: Arc::new(driver),
        }
    }

    /// Starts the machine; returns once the hypervisor runs, before the guest has booted. Once per machine. One that continues a template
    /// ([`crate::GuestMemory::Restored`]) has been loaded by then, and its guest runs.
    ///
    /// # Errors
    /// [`MachineError::Start`], [`MachineError::Restore`]. The machine is gone then.
    pub async fn start(&self) -> Result<(), MachineError> {
        self.driver.start().await
    }

    /// The way to the agent, once per machine: the agent listens to one peer. Available as soon as the machine has been started, and
    /// also when it has ended meanwhile; then connecting fails, and [`Machine::exit`] tells the reason.
    ///
    /// # Errors
    /// [`MachineError::NotStarted`], [`MachineError::StreamTaken`].
    pub fn agent_connector(&self) -> Result<Box<dyn AgentConnector>, MachineError> {
        self.driver.agent_connector()
    }

    /// Tells when and how the machine ends. It does not keep the machine alive.
    #[must_use]
    pub fn exit(&self) -> ExitWatch {
        self.driver.exit()
    }

    /// Tells when the machine stands still because the host has no room for what its guest writes. `None` where the backend does not: what a
    /// full disk of the host then does to the guest is the hypervisor's matter.
    #[must_use]
    pub fn stalls(&self) -> Option<StallWatch> {
        self.driver.stalls()
    }

    /// Waits until the machine has ended, see [`ExitWatch::ended`].
    pub async fn wait(&self) -> MachineExit {
        self.driver.exit().ended().await
    }

    /// Ends the machine at once, as pulling the plug would, and waits until it is gone. A machine that has ended stays as it is.
    ///
    /// # Errors
    /// [`MachineError::Kill`].
    pub async fn kill(&self) -> Result<(), MachineError> {
        self.driver.kill().await
    }

    /// Pausing and resuming, where the backend can.
    #[must_use]
    pub fn as_pause(&self) -> Option<&dyn capability::Pause> {
        self.driver.as_pause()
    }

    /// Adding disks while the machine runs, where the backend can.
    #[must_use]
    pub fn as_disk_hotplug(&self) -> Option<&dyn capability::DiskHotplug> {
        self.driver.as_disk_hotplug()
    }

    /// Saving the machine and continuing a saved one, where the backend can.
    #[must_use]
    pub fn as_save_restore(&self) -> Option<&dyn capability::SaveRestore> {
        self.driver.as_save_restore()
    }

    /// Saving the machine as a template, where the backend can and the machine was made for it.
    #[must_use]
    pub fn as_template(&self) -> Option<&dyn capability::Template> {
        self.driver.as_template()
    }
}

/// What a backend implements for one machine; [`Machine`] says what each call means.
///
/// Calls come from several tasks at once, and on any thread: a backend whose objects belong to one queue carries them over itself. A call
/// that is dropped before it is done must leave a machine that can still be waited for and killed. Dropping the driver ends the machine
/// and reports that end.
#[async_trait]
pub trait MachineDriver: Send + Sync {
    /// See [`Machine::start`]. A start that failed is reported as the machine's end as well.
    ///
    /// # Errors
    /// [`MachineError::Start`], [`MachineError::Restore`].
    async fn start(&self) -> Result<(), MachineError>;

    /// See [`Machine::agent_connector`].
    ///
    /// # Errors
    /// [`MachineError::NotStarted`], [`MachineError::StreamTaken`].
    fn agent_connector(&self) -> Result<Box<dyn AgentConnector>, MachineError>;

    /// See [`Machine::exit`].
    fn exit(&self) -> ExitWatch;

    /// See [`Machine::kill`].
    ///
    /// # Errors
    /// [`MachineError::Kill`].
    async fn kill(&self) -> Result<(), MachineError>;

    /// See [`Machine::stalls`].
    fn stalls(&self) -> Option<StallWatch> {
        None
    }

    /// See [`Machine::as_pause`].
    fn as_pause(&self) -> Option<&dyn capability::Pause> {
        None
    }

    /// See [`Machine::as_disk_hotplug`].
    fn as_disk_hotplug(&self) -> Option<&dyn capability::DiskHotplug> {
        None
    }

    /// See [`Machine::as_save_restore`].
    fn as_save_restore(&self) -> Option<&dyn capability::SaveRestore> {
        None
    }

    /// See [`Machine::as_template`].
    fn as_template(&self) -> Option<&dyn capability::Template> {
        None
    }
}
