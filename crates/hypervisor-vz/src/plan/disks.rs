//! Disks: images attached as virtio-blk devices.
//!
//! All are attached with the host's cache. The framework's own choice goes around it on internal drives, and has lost data of ext4 file
//! systems of several users that way.

use container_hypervisor::{CreateError, Disk, DiskAccess, FlushPolicy};

use super::paths;

/// `VZDiskImageStorageDeviceAttachment` and its `VZVirtioBlockDeviceConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskPlan {
    /// Name by which the guest finds it.
    pub identifier: String,
    /// Raw image.
    pub path: String,
    /// Whether the guest may only read.
    pub read_only: bool,
    /// What a flush does.
    pub synchronization: Synchronization,
}

/// `VZDiskImageSynchronizationMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronization {
    /// The data is on the medium (`F_FULLFSYNC`).
    Full,
    /// The data is with the drive (`fsync`).
    Fsync,
    /// Nothing happens.
    None,
}

impl DiskPlan {
    pub(super) fn new(disk: Disk) -> Result<Self, CreateError> {
        let Disk {
            serial,
            path,
            access,
            flush,
        } = disk;
        Ok(Self {
            identifier: serial.as_str().to_owned(),
            path: paths::text("disk", path)?,
            read_only: access == DiskAccess::ReadOnly,
            synchronization: match (access, flush) {
                // There is nothing to write.
                (DiskAccess::ReadOnly, _) | (_, FlushPolicy::Never) => Synchronization::None,
                (_, FlushPolicy::Fsync) => Synchronization::Fsync,
                (_, FlushPolicy::Full) => Synchronization::Full,
            },
        })
    }
}
