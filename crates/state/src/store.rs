//! One directory per container, below `containers/` of the app root.
//!
//! A container appears with its record and disappears by a rename. A directory without a record, or one on its way out
//! (`.trash-*`), belongs to the process that holds the lock in it; those whose owner died are collected by the next [`ContainerStore::list`].

mod create;
mod find;
mod letter_case;
mod list;
mod load;
mod rename;

use std::io;
use std::time::{Duration, Instant};

use container_durable::{FileLock, LockError, LockMode};
use container_model::{ContainerConfig, ContainerId, ObservedState, Phase, Standing};

pub use create::NewContainer;

use crate::volume_users::volume_users;
use crate::{
    AnonymousVolumes, AppPaths, Bundle, ContainerLock, DeleteError, ListError, LoadError, OwnError, VolumeUsers, record,
};

/// How long possession is waited for. Only a launcher holds a lock longer than a repair takes.
const REPAIR_LIMIT: Duration = Duration::from_millis(500);

/// How long possession of a container that has ended is waited for: its launcher may still have its machine end and give room back.
const PUT_AWAY_LIMIT: Duration = Duration::from_secs(10);

/// The containers of one app root.
#[derive(Debug, Clone)]
pub struct ContainerStore {
    paths: AppPaths,
}

/// A container as its records describe it.
#[derive(Debug, Clone)]
pub struct Container {
    /// Its files.
    pub bundle: Bundle,
    /// What it was asked to be.
    pub config: ContainerConfig,
    /// What was last observed of it.
    pub state: ObservedState,
    /// How it stands after repair: [`Standing::Live`], [`Standing::AtRest`] or [`Standing::NotUnderstood`].
    pub standing: Standing,
}

/// All containers.
#[derive(Debug, Default)]
pub struct Listing {
    /// Those that can be read, the oldest first.
    pub containers: Vec<Container>,
    /// Those that cannot.
    pub damaged: Vec<DamagedContainer>,
}

/// A container whose record cannot be read. It can still be deleted.
#[derive(Debug)]
pub struct DamagedContainer {
    /// Its id.
    pub id: ContainerId,
    /// What is wrong with it.
    pub error: LoadError,
}

impl ContainerStore {
    /// The containers below `paths`; nothing is touched yet.
    #[must_use]
    pub fn new(paths: AppPaths) -> Self {
        Self { paths }
    }

    /// Where everything lies.
    #[must_use]
    pub fn paths(&self) -> &AppPaths {
        &self.paths
    }

    /// The files of the container `id`, whether it exists or not.
    #[must_use]
    pub fn bundle(&self, id: &ContainerId) -> Bundle {
        Bundle::new(&self.paths.containers(), id)
    }

    /// Reads which containers refer to which volumes. No record is repaired, so that this can be asked under any lock.
    ///
    /// # Errors
    /// [`ListError`] when the directory of containers cannot be read.
    pub fn volume_users(&self) -> Result<VolumeUsers, ListError> {
        volume_users(&self.paths.containers())
    }

    /// Takes possession of a container. Waits for a repair in progress, and for a launcher whose container has ended, but not for one whose
    /// container lives.
    ///
    /// # Errors
    /// [`OwnError::Taken`] when a launcher owns it.
    pub fn own(&self, id: &ContainerId) -> Result<ContainerLock, OwnError> {
        let bundle = self.bundle(id);
        match acquire(&bundle) {
            Ok(Some(lock)) if self.is_there(id) => Ok(ContainerLock::new(bundle, lock)),
            Ok(Some(_)) => Err(OwnError::NotFound { id: id.clone() }),
            // Its name is taken, but there is no container yet.
            Ok(None) if !self.is_there(id) => Err(OwnError::NotFound { id: id.clone() }),
            Ok(None) => Err(OwnError::Taken { id: id.clone() }),
            // The directory was not there; by now another container may have the name, so a second look would tell nothing.
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => Err(OwnError::NotFound { id: id.clone() }),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a container that has no owner. Its anonymous volumes stay.
    ///
    /// # Errors
    /// [`OwnError::Taken`] inside [`DeleteError::Own`] when a launcher owns it.
    pub fn delete(&self, id: &ContainerId) -> Result<(), DeleteError> {
        self.own(id)?.delete(AnonymousVolumes::Keep)
    }
}

/// Takes the lock of a container; `None` when its owner does not let go of it in time.
fn acquire(bundle: &Bundle) -> Result<Option<FileLock>, LockError> {
    let deadline = Instant::now() + PUT_AWAY_LIMIT;
    loop {
        let lock = FileLock::acquire_within(&bundle.lock(), LockMode::Exclusive, REPAIR_LIMIT)?;
        if lock.is_some() || !has_ended(bundle) || Instant::now() >= deadline {
            return Ok(lock);
        }
    }
}

/// Whether the record says that the container has ended. The launcher of another start says otherwise as soon as it has the lock.
fn has_ended(bundle: &Bundle) -> bool {
    record::read_state(&bundle.state()).is_ok_and(|state| matches!(state.phase, Phase::Stopped { .. }))
}
