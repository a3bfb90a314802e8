//! Why an operation on a container's record failed.

use std::io;
use std::path::PathBuf;

use container_durable::{DirectoryError, LockError, RecordError};
use container_model::{ContainerId, ContainerQuery};

/// A record of a container could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The record itself.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record is another container's.
    #[error("{} is damaged: it belongs to {found}", path.display())]
    Foreign {
        /// The record's file.
        path: PathBuf,
        /// The id in it.
        found: ContainerId,
    },
    /// The lock could not be asked for.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl StateError {
    /// Whether the record is no such record, so that nothing of it can be kept. A record of a newer program is not damaged.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Record(error) if error.is_damage())
    }

    /// Whether the record could not be written because the disk is full.
    #[must_use]
    pub fn is_want_of_room(&self) -> bool {
        matches!(self, Self::Record(error) if error.is_want_of_room())
    }
}

/// The name of a container could not be taken. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// There is one of this name, or another command is making one.
    #[error("the name {:?} is already in use", id.as_str())]
    NameTaken {
        /// The name.
        id: ContainerId,
    },
    /// There is one whose name differs only in the case of letters, and the file system does not tell them apart.
    #[error(
        "the name {:?} is too like that of the container {:?}: this file system does not tell upper from lower case",
        id.as_str(), existing.as_str()
    )]
    CaseOnly {
        /// The name.
        id: ContainerId,
        /// The container that is there.
        existing: ContainerId,
    },
    /// Its directory could not be made.
    #[error("cannot create {}: {source}", path.display())]
    Place {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory of containers could not be made or made durable.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The names that are there could not be looked at.
    #[error(transparent)]
    Names(#[from] ListError),
    /// A lock in it could not be had.
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// A container could not be made at once. Nothing of it is left behind. `E` is why its contents could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum CreateError<E: std::error::Error + 'static> {
    /// Its name could not be had.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
    /// Its record could not be written.
    #[error(transparent)]
    Record(#[from] StateError),
    /// It could not be made lasting.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// Its contents could not be prepared.
    #[error(transparent)]
    Prepare(E),
}

/// A new container could not be made lasting; it is undone.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep the new container in {}: {source}", path.display())]
pub struct KeepError {
    /// Its directory.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// A container could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is none of this id.
    #[error("container {:?} not found", id.as_str())]
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
    #[error("container {:?} not found", query.as_str())]
    NotFound {
        /// What was asked for.
        query: ContainerQuery,
    },
    /// Several begin like this.
    #[error("{:?} is ambiguous: {} containers begin like this, for example {} and {}", query.as_str(), candidates.len(), candidates[0], candidates[1])]
    Ambiguous {
        /// What was asked for.
        query: ContainerQuery,
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
    #[error("container {:?} not found", id.as_str())]
    NotFound {
        /// The id.
        id: ContainerId,
    },
    /// A launcher owns it, or another command is making it.
    #[error("container {id} is running, or about to be")]
    Taken {
        /// The id.
        id: ContainerId,
    },
    /// Its lock could not be asked for.
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// A container could not be given another name.
#[derive(Debug, thiserror::Error)]
pub enum RenameError {
    /// It is not there, or runs.
    #[error(transparent)]
    Own(#[from] OwnError),
    /// It could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The name could not be had.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
    /// Its record could not be written.
    #[error(transparent)]
    Record(#[from] StateError),
    /// Its directory could not be renamed.
    #[error("cannot rename {}: {source}", path.display())]
    Place {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
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
