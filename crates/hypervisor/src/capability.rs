//! Abilities that not every backend has, each a trait of its own.

use std::path::Path;

use async_trait::async_trait;

use crate::{Disk, MachineError};

/// Stops and continues the machine's processors.
#[async_trait]
pub trait Pause: Send + Sync {
    /// Stops all processors.
    ///
    /// # Errors
    /// [`MachineError::Control`], [`MachineError::Framework`].
    async fn pause(&self) -> Result<(), MachineError>;

    /// Continues after [`Pause::pause`].
    ///
    /// # Errors
    /// [`MachineError::Control`], [`MachineError::Framework`].
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

/// Writes a machine to a file, and continues it from there.
///
/// A saved machine belongs to this host and this release of its system. It continues in a machine of the same configuration, identifier
/// included, and in one machine at a time.
#[async_trait]
pub trait SaveRestore: Pause {
    /// What the machine calls itself, for [`crate::MachineConfig::machine_identifier`] of the one that continues it.
    fn machine_identifier(&self) -> Vec<u8>;

    /// Writes the paused machine to `path`, which must not exist. It stays paused.
    ///
    /// # Errors
    /// [`MachineError::Framework`].
    async fn save(&self, path: &Path) -> Result<(), MachineError>;

    /// Takes the place of [`crate::Machine::start`]: loads what `path` holds. The machine is paused then.
    ///
    /// # Errors
    /// [`MachineError::Framework`]; the machine can then be started as a new one.
    async fn restore(&self, path: &Path) -> Result<(), MachineError>;
}
