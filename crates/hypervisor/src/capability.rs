//! Abilities that not every backend has, each a trait of its own.

use async_trait::async_trait;

use crate::{Disk, MachineError};

/// Stops and continues the machine's processors.
#[async_trait]
pub trait Pause: Send + Sync {
    /// Stops all processors.
    ///
    /// # Errors
    /// [`MachineError::Control`].
    async fn pause(&self) -> Result<(), MachineError>;

    /// Continues after [`Pause::pause`].
    ///
    /// # Errors
    /// [`MachineError::Control`].
    async fn resume(&self) -> Result<(), MachineError>;
}

/// Adds disks to a running machine: what lets a machine restored from a template take on a container.
#[async_trait]
pub trait DiskHotplug: Send + Sync {
    /// Adds one disk; the guest sees it a moment later.
    ///
    /// # Errors
    /// [`MachineError::Control`].
    async fn add_disk(&self, disk: &Disk) -> Result<(), MachineError>;
}
