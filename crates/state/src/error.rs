//! Why an operation on a container's record failed.

use std::io;
use std::path::PathBuf;

use container_durable::{DirectoryError, LockError};
use container_model::ContainerId;

pub use crate::record::StateError;

/// A container could not be made. Nothing of it is left behind. `E` is why its contents could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum CreateError<E: std::error::Error + 'static> {
    /// There is one of this name.
    #[error("the name {0:?} is already in use", id.as_str())]
    NameTaken {
        /// The name.
        id: ContainerId,
    },
    /// Its directory could not be made or put in place.
    #[error("cannot create {}: {source}", path.display())]
    Place {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory could not be made or made durable.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Its record could not be written.
    #[error(transparent)]
    Record(#[from] StateError),
    /// Its lock could not be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Its contents could not be prepared.
    #[error(transparent)]
    Prepare(E),
}

/// A container could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is none of this id.
    #[error("no such container: {id}")]
    NotFound {
        /// The id.
        id: ContainerId,
    },
    /// Its record cannot be read or repaired.
    #[error(transparent)]
    Record(#[from] StateError),
    /// It was to be removed at its end, its launcher died, and it cannot be removed now.
    #[error(transparent)]
    Remove(#[from] DeleteError),
}

/// The containers could not be listed at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot list {}: {source}", path.display())]
pub struct ListError {
    /// The directory of containers.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// No single container is meant by a name.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// None has such a name.
    #[error("no such container: {name}")]
    NotFound {
        /// What was asked for.
        name: String,
    },
    /// Several begin like this.
    #[error("{name:?} is ambiguous: {} containers begin like this, for example {} and {}", candidates.len(), candidates[0], candidates[1])]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// Those that begin with it, at least two, sorted.
        candidates: Vec<ContainerId>,
    },
    /// The containers could not be listed.
    #[error(transparent)]
    List(#[from] ListError),
}

/// A container could not be taken possession of.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// There is none of this id.
    #[error("no such container: {id}")]
    NotFound {
        /// The id.
        id: ContainerId,
    },
    /// A launcher owns it.
    #[error("container {id} is running")]
    Taken {
        /// The id.
        id: ContainerId,
    },
    /// Its lock could not be asked for.
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// A container could not be removed.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// It is not there, or runs.
    #[error(transparent)]
    Own(#[from] OwnError),
    /// Its directory could not be taken away; it is still there.
    #[error("cannot remove {}: {source}", path.display())]
    Remove {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
