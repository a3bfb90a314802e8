//! Making a container: assembled aside, then put in place by one rename.

use std::io;
use std::path::{Path, PathBuf};

use container_durable::{FileLock, LockError, LockMode, create_private_dir, sync_dir};
use container_model::ContainerConfig;

use super::{ContainerStore, discard};
use crate::bundle::{CONFIG_FILE, LOCK_FILE};
use crate::{Bundle, CreateError, record};

/// How often a new directory may be taken for an abandoned one before its lock is held.
const ATTEMPTS: usize = 8;

impl ContainerStore {
    /// Makes a container. `prepare` puts its contents (the writable disk) into the directory it is given, which gets its final
    /// name afterwards. The container appears whole or not at all.
    ///
    /// # Errors
    /// [`CreateError::NameTaken`], also when another command was a moment faster; [`CreateError::Prepare`] with what `prepare` says.
    pub fn create<E: std::error::Error + 'static>(
        &self,
        config: &ContainerConfig,
        prepare: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<Bundle, CreateError<E>> {
        let bundle = self.bundle(&config.id);
        let containers = self.paths.containers();
        if bundle.directory().exists() {
            return Err(CreateError::NameTaken { id: config.id.clone() });
        }
        create_private_dir(&containers)?;
        let assembly = Assembly::new(&containers)?;
        prepare(&assembly.directory).map_err(CreateError::Prepare)?;
        record::write(&assembly.directory.join(CONFIG_FILE), config)?;
        // A directory is only ever renamed onto an empty one, and that of a container holds its record at all times.
        match std::fs::rename(&assembly.directory, bundle.directory()) {
            Ok(()) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists
                ) =>
            {
                return Err(CreateError::NameTaken { id: config.id.clone() });
            }
            Err(source) => {
                return Err(CreateError::Place {
                    path: bundle.directory().to_owned(),
                    source,
                });
            }
        }
        assembly.placed();
        sync_dir(&containers)?;
        Ok(bundle)
    }
}

/// A directory that goes away unless it has been put in place.
struct Assembly {
    directory: PathBuf,
    placed: bool,
    _lock: FileLock,
}

impl Assembly {
    fn new<E: std::error::Error + 'static>(containers: &Path) -> Result<Self, CreateError<E>> {
        let mut attempt = 0;
        loop {
            let name = format!("{}{}", discard::NEW_PREFIX, uuid::Uuid::new_v4().simple());
            let directory = containers.join(name);
            create_private_dir(&directory)?;
            match FileLock::try_acquire(&directory.join(LOCK_FILE), LockMode::Exclusive) {
                Ok(Some(lock)) => {
                    return Ok(Self {
                        directory,
                        placed: false,
                        _lock: lock,
                    });
                }
                Err(LockError { source, .. }) if source.kind() != io::ErrorKind::NotFound || attempt == ATTEMPTS => {
                    discard::remove(&directory);
                    return Err(LockError {
                        path: directory,
                        source,
                    }
                    .into());
                }
                // Somebody who lists containers took it for abandoned before it was locked.
                Ok(None) | Err(_) => attempt += 1,
            }
        }
    }

    fn placed(mut self) {
        self.placed = true;
    }
}

impl Drop for Assembly {
    fn drop(&mut self) {
        if !self.placed {
            discard::remove(&self.directory);
        }
    }
}
