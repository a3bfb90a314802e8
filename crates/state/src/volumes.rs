//! One directory per volume, below `volumes/` of the app root: its record, the image of its disk or the directory that machines share, and the
//! lock of who uses it.
//!
//! A volume appears whole and disappears by a rename. It is deleted under the exclusive lock of the directory of volumes; who writes a
//! record that refers to a volume holds that lock shared meanwhile ([`VolumeStore::hold`]), also while the volume is made, so that none is
//! deleted between the look at it and the record. A launcher holds a [`VolumeLease`] for as long as a machine has the disk.

mod anonymous;
mod create;
mod delete;
mod error;
mod filling;
mod lease;
mod list;
mod load;
mod request;
mod tree;

use std::path::{Path, PathBuf};
use std::time::Duration;

use container_durable::{FileLock, LockMode, RecordBody, create_private_dir};
use container_model::{VolumeConfig, VolumeName};
use serde::{Deserialize, Serialize};

use crate::AppPaths;

pub(crate) use anonymous::delete_anonymous_volumes;
pub use error::{
    CreateVolumeError, DeleteVolumeError, LeaseError, ListVolumesError, LoadVolumeError, VolumeOptionError,
    VolumePlaceError,
};
pub use filling::{FillingError, VolumeFilling, VolumeUse};
pub use lease::VolumeLease;
pub use list::{DamagedVolume, VolumeListing};
pub use request::VolumeRequest;

/// Name of the directory below the app root.
const DIRECTORY: &str = "volumes";
/// Name of the record in a volume's directory, as in Apple's tool.
const RECORD_FILE: &str = "entity.json";
/// Name of the image of a volume's disk, as in Apple's tool.
const IMAGE_FILE: &str = "volume.img";
/// Name of the directory with the content of a volume that machines share.
const DATA_DIRECTORY: &str = "data";
/// Name of the directory beside it for owners of what can have no extended attribute. The file servers of the machines write there.
const OWNERS_DIRECTORY: &str = "owners";
/// Name of the lock in a volume's directory that those hold who use its disk.
const LEASE_FILE: &str = "lock";
/// Name of the lock file of the directory of volumes.
const LOCK_FILE: &str = ".lock";
/// Prefix of a directory that is being made.
const NEW_PREFIX: &str = ".new-";
/// Prefix of a directory that is being removed.
const TRASH_PREFIX: &str = ".trash-";

/// How long the lock of the directory is waited for. It is held for small files.
const LOCK_LIMIT: Duration = Duration::from_secs(30);

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Body(VolumeConfig);

impl RecordBody for Body {
    const VERSION: u32 = VolumeConfig::VERSION;
}

/// The volumes of one app root.
#[derive(Debug, Clone)]
pub struct VolumeStore {
    directory: PathBuf,
}

/// No volume is deleted while this lives.
#[derive(Debug)]
pub struct HeldVolumes {
    store: VolumeStore,
    _lock: FileLock,
}

impl VolumeStore {
    /// The volumes below `paths`; nothing is touched yet.
    #[must_use]
    pub fn new(paths: &AppPaths) -> Self {
        Self::below(paths.root())
    }

    fn below(app_root: &Path) -> Self {
        Self {
            directory: app_root.join(DIRECTORY),
        }
    }

    /// The directory of a volume, whether it exists or not.
    #[must_use]
    pub fn directory(&self, name: &VolumeName) -> PathBuf {
        self.directory.join(name.as_str())
    }

    /// The image of a volume's disk, whether it exists or not.
    #[must_use]
    pub fn image(&self, name: &VolumeName) -> PathBuf {
        self.directory(name).join(IMAGE_FILE)
    }

    /// The directory with the content of a volume that machines share, whether it exists or not.
    #[must_use]
    pub fn data(&self, name: &VolumeName) -> PathBuf {
        self.directory(name).join(DATA_DIRECTORY)
    }

    /// The directory in which the file servers of machines keep the owners of what can have no extended attribute, for such a volume.
    #[must_use]
    pub fn owners(&self, name: &VolumeName) -> PathBuf {
        self.directory(name).join(OWNERS_DIRECTORY)
    }

    /// Keeps all volumes that there are, for as long as a record is written that refers to one.
    ///
    /// # Errors
    /// [`VolumePlaceError`].
    pub fn hold(&self) -> Result<HeldVolumes, VolumePlaceError> {
        Ok(HeldVolumes {
            _lock: self.lock(LockMode::Shared)?,
            store: self.clone(),
        })
    }

    fn record(&self, name: &VolumeName) -> PathBuf {
        self.directory(name).join(RECORD_FILE)
    }

    fn lock(&self, mode: LockMode) -> Result<FileLock, VolumePlaceError> {
        create_private_dir(&self.directory)?;
        let path = self.directory.join(LOCK_FILE);
        FileLock::acquire_within(&path, mode, LOCK_LIMIT)?.ok_or(VolumePlaceError::Busy { path })
    }

    /// The lock under which volumes are deleted. What others left half-made or half-removed goes.
    fn lock_for_deletion(&self) -> Result<FileLock, VolumePlaceError> {
        let lock = self.lock(LockMode::Exclusive)?;
        for entry in std::fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_left = |prefix| name.to_str().is_some_and(|name| name.starts_with(prefix));
            if is_left(NEW_PREFIX) || is_left(TRASH_PREFIX) {
                // What stays is tried again by the next deletion.
                let _ = tree::remove(&entry.path());
            }
        }
        Ok(lock)
    }

    /// A path of this directory for something that is being made or removed.
    fn passing(&self, prefix: &str) -> PathBuf {
        self.directory
            .join(format!("{prefix}{}", uuid::Uuid::new_v4().simple()))
    }
}

#[cfg(test)]
mod tests;
