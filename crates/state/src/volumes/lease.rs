//! Use of a volume's disk by a machine.
//!
//! The file system of a disk is one machine's while that may write to it, and any number of machines' that only read. The kernel ends a
//! lease with the process that holds it.

use std::io;

use container_durable::{FileLock, LockMode, sweep};
use container_model::VolumeName;

use super::{LEASE_FILE, LeaseError, VolumeStore};

/// The use of a volume's disk, for as long as this value, or its process, lives.
#[derive(Debug)]
pub struct VolumeLease {
    _lock: FileLock,
}

impl VolumeStore {
    /// Takes the disk of a volume: alone to write to it, with others to read it. `None` when others' use forbids it. What killed
    /// writers of a new disk have left is removed by who has it alone.
    ///
    /// # Errors
    /// [`LeaseError::NotFound`], [`LeaseError::Lock`].
    pub fn lease(&self, name: &VolumeName, is_writable: bool) -> Result<Option<VolumeLease>, LeaseError> {
        let mode = match is_writable {
            true => LockMode::Exclusive,
            false => LockMode::Shared,
        };
        match FileLock::try_acquire(&self.directory(name).join(LEASE_FILE), mode) {
            Ok(lock) => {
                if lock.is_some() && is_writable {
                    sweep(&self.directory(name));
                }
                Ok(lock.map(|lock| VolumeLease { _lock: lock }))
            }
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => {
                Err(LeaseError::NotFound { name: name.clone() })
            }
            Err(error) => Err(LeaseError::Lock(error)),
        }
    }
}
