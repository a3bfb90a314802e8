//! Abilities that not every backend has, each a trait of its own.

use async_trait::async_trait;

use crate::{Disk, MachineError};

/// Stops and continues the machine's processors.
#[async_trait]
pub trait Pause: Send {
    /// Stops all processors.
    ///
    /// # Errors
    /// [`MachineError::Control`].
    async fn pause(&mut self) -> Result<(), MachineError>;

    /// Continues after [`Pause::pause`].
    ///
    /// # Errors
    /// [`MachineError::Control`].
    async fn resume(&mut self) -> Result<(), MachineError>;
}

/// Adds disks to a running machine: what lets a machine restored from a template take on a container.
#[async_trait]
pub trait DiskHotplug: Send {
    /// Adds one disk; the guest sees it a moment later.
    ///
    /// # Errors
    /// [`MachineError::Control`].
    async fn add_disk(&mut self, disk: &Disk) -> Result<(), MachineError>;
}
