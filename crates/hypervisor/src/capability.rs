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

/// Saves a machine that was made with [`crate::GuestMemory::Template`], for machines with [`crate::GuestMemory::Restored`] to continue.
#[async_trait]
pub trait Template: Pause {
    /// Stops the machine and writes its devices to the new file `state`, which is this user's alone. The file of its memory is complete then;
    /// neither file has been synced. The machine is of no use any more but to be killed.
    ///
    /// A machine's stream to its agent is not saved: nobody may hold it any more. The guest finds it closed, and opened again when it is
    /// restored.
    ///
    /// # Errors
    /// [`MachineError::Save`].
    async fn save(&self, state: &Path) -> Result<(), MachineError>;
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
