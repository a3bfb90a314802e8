//! One directory per network, below `networks/` of the app root.
//!
//! A network appears whole and disappears by a rename, both under the lock of the directory, so that what another process left under a name
//! that begins with a point is nobody's once that lock is held. Who writes a record that refers to a network holds the lock shared meanwhile
//! ([`NetworkStore::hold`]): a network is not deleted between the look at it and the record.

mod create;
mod delete;
mod error;
mod list;
mod load;

use std::path::PathBuf;
use std::time::Duration;

use container_durable::{FileLock, LockError, LockMode, RecordBody, create_private_dir};
use container_model::{NetworkConfig, NetworkName};
use container_state::AppPaths;
use serde::{Deserialize, Serialize};

pub use create::EnsureNetworkError;
pub use error::{CreateNetworkError, DeleteNetworkError, ListNetworksError, LoadNetworkError, PlaceError};
pub use list::{DamagedNetwork, NetworkListing};

/// Name of the directory below the app root.
const DIRECTORY: &str = "networks";
/// Name of the record in a network's directory, as in Apple's tool.
const RECORD_FILE: &str = "entity.json";
/// Name of the lock file of the directory of networks.
const LOCK_FILE: &str = ".lock";
/// Prefix of a directory that is being made.
const NEW_PREFIX: &str = ".new-";
/// Prefix of a directory that is being removed.
const TRASH_PREFIX: &str = ".trash-";

/// How long the lock of the directory is waited for. It is held for single files.
const LOCK_LIMIT: Duration = Duration::from_secs(30);

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Body(NetworkConfig);

impl RecordBody for Body {
    const VERSION: u32 = NetworkConfig::VERSION;
}

/// The networks of one app root.
#[derive(Debug, Clone)]
pub struct NetworkStore {
    directory: PathBuf,
}

/// No network is created or deleted while this lives.
#[derive(Debug)]
pub struct HeldNetworks {
    _lock: FileLock,
}

impl NetworkStore {
    /// The networks below `paths`; nothing is touched yet.
    #[must_use]
    pub fn new(paths: &AppPaths) -> Self {
        Self {
            directory: paths.root().join(DIRECTORY),
        }
    }

    /// The log of the network's process; it is there once that has run.
    #[must_use]
    pub fn process_log(&self, name: &NetworkName) -> PathBuf {
        self.directory(name).join(crate::client::LOG_FILE)
    }

    /// The directory of a network, whether it exists or not.
    #[must_use]
    pub fn directory(&self, name: &NetworkName) -> PathBuf {
        self.directory.join(name.as_str())
    }

    /// Keeps all networks as they are, for as long as a record is written that refers to one.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub fn hold(&self) -> Result<HeldNetworks, PlaceError> {
        Ok(HeldNetworks {
            _lock: self.lock(LockMode::Shared)?,
        })
    }

    fn record(&self, name: &NetworkName) -> PathBuf {
        self.directory(name).join(RECORD_FILE)
    }

    fn lock(&self, mode: LockMode) -> Result<FileLock, PlaceError> {
        create_private_dir(&self.directory)?;
        let path = self.directory.join(LOCK_FILE);
        FileLock::acquire_within(&path, mode, LOCK_LIMIT)?.ok_or(PlaceError::Busy { path })
    }

    /// The lock for a change. What earlier changes left half-done goes.
    fn lock_for_change(&self) -> Result<FileLock, PlaceError> {
        let lock = self.lock(LockMode::Exclusive)?;
        for entry in std::fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_left = |prefix| name.to_str().is_some_and(|name| name.starts_with(prefix));
            let is_remains =
                entry.file_type().is_ok_and(|kind| kind.is_dir()) && !entry.path().join(RECORD_FILE).exists();
            if is_left(NEW_PREFIX) || is_left(TRASH_PREFIX) || is_remains {
                // What stays is tried again by the next change.
                let _ = std::fs::remove_dir_all(entry.path());
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

impl From<LockError> for PlaceError {
    fn from(error: LockError) -> Self {
        Self::Lock(error)
    }
}

#[cfg(test)]
mod tests;
