//! Disks of a machine.

use std::path::PathBuf;

use super::names::DiskSerial;

/// One disk of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Name by which the guest finds it.
    pub serial: DiskSerial,
    /// Raw image.
    pub path: PathBuf,
    /// Whether the guest may write.
    pub access: DiskAccess,
    /// What a flush of the guest does on the host.
    pub flush: FlushPolicy,
}

/// Whether a guest may write to a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskAccess {
    /// Shared with any number of machines.
    ReadOnly,
    /// Owned by this machine; discards reach the host file.
    ReadWrite,
}

/// What a guest's flush of a disk does: what is lost when the host, not only the machine, loses its power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushPolicy {
    /// What was flushed is on the medium. The most that a backend can do; on macOS some 20 ms for each flush.
    Full,
    /// What was flushed is handed to the drive, as by fsync(2).
    Fsync,
    /// Nothing: for a disk that nobody reads after a crash of the host.
    Never,
}
