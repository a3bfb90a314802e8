//! Why an operation on a volume failed.

use std::io;
use std::path::PathBuf;

use container_durable::{DirectoryError, LockError, RecordError};
use container_ext4::FormatError;
use container_model::{ByteSize, SizeError, VolumeJournalError, VolumeName};

/// The directory of volumes cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VolumePlaceError {
    /// It could not be made or made durable.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Its lock could not be asked for.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Another process keeps it locked.
    #[error("{} is locked by another process", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
    },
}

/// An option of a volume means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VolumeOptionError {
    /// Nobody knows it.
    #[error("there is no option {key:?} of volumes; known are size, journal and type")]
    Unknown {
        /// The option.
        key: String,
    },
    /// There is no such type.
    #[error(
        "there is no type {asked:?} of volumes; the only one to name is shared, a directory that several running containers write to"
    )]
    Type {
        /// The type.
        asked: String,
    },
    /// What only a disk has.
    #[error("{key}: a volume of type shared is a directory of the host and has no {key}")]
    OfDisk {
        /// The option.
        key: &'static str,
    },
    /// The size is none.
    #[error("size: {0}")]
    Size(#[from] SizeError),
    /// The size is too small for a file system.
    #[error("size: {asked} is too little: at least 1mb is needed")]
    TooSmall {
        /// What was asked for.
        asked: ByteSize,
    },
    /// The journal is none.
    #[error(transparent)]
    Journal(#[from] VolumeJournalError),
}

/// A volume could not be made. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
pub enum CreateVolumeError {
    /// There is one of this name.
    #[error("volume {name} exists already")]
    Exists {
        /// The name.
        name: VolumeName,
    },
    /// An option of it means nothing.
    #[error(transparent)]
    Option(#[from] VolumeOptionError),
    /// Its disk could not be made.
    #[error(transparent)]
    Disk(FormatError),
    /// The directory of volumes.
    #[error(transparent)]
    Place(#[from] VolumePlaceError),
    /// Its record could not be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It is there and cannot be read.
    #[error(transparent)]
    Load(#[from] LoadVolumeError),
    /// It could not be put into its place.
    #[error("cannot make {}: {source}", path.display())]
    Rename {
        /// Its directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A volume could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadVolumeError {
    /// There is none of this name.
    #[error("volume {:?} not found", name.as_str())]
    NotFound {
        /// The name.
        name: VolumeName,
    },
    /// Its record cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record is another volume's.
    #[error("{} is damaged: it belongs to {found}", path.display())]
    Foreign {
        /// The record.
        path: PathBuf,
        /// The name in it.
        found: VolumeName,
    },
}

/// The volumes could not be listed at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot list {}: {source}", path.display())]
pub struct ListVolumesError {
    /// The directory of volumes.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// The disk of a volume could not be asked for.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// There is no such volume.
    #[error("volume {:?} not found", name.as_str())]
    NotFound {
        /// The name.
        name: VolumeName,
    },
    /// Its lock cannot be used.
    #[error(transparent)]
    Lock(LockError),
}

/// A volume could not be removed.
#[derive(Debug, thiserror::Error)]
pub enum DeleteVolumeError<E: std::error::Error + 'static> {
    /// There is none of this name.
    #[error("volume {:?} not found", name.as_str())]
    NotFound {
        /// The name.
        name: VolumeName,
    },
    /// The directory of volumes.
    #[error(transparent)]
    Place(#[from] VolumePlaceError),
    /// Something speaks against it.
    #[error(transparent)]
    Refused(E),
    /// A machine has its disk.
    #[error("volume {name} cannot be deleted: a running container uses it")]
    Used {
        /// The name.
        name: VolumeName,
    },
    /// It cannot be told whether a machine has its disk.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// Its directory could not be taken away; it is still there.
    #[error("cannot remove {}: {source}", path.display())]
    Remove {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
