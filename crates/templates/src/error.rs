//! Why an operation on templates failed. A template that is damaged is no failure: see [`crate::Opened`].

use std::io;
use std::path::PathBuf;

use container_durable::{DirectoryError, LockError, RecordError};

/// The templates cannot be used. A container boots then.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A directory could not be made or made durable.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A lock could not be asked for.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Another process keeps a lock for long that is held for moments.
    #[error("{} is locked by another process", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
    },
    /// A record could not be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file or directory could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory could not be taken away.
    #[error("cannot remove {}: {source}", path.display())]
    Remove {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A template that was made could not be kept. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A file is missing or is none, or could not be written to the end.
    #[error("cannot keep {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file was written to meanwhile: the machine is not gone yet.
    #[error("{} is still being written to", path.display())]
    Changing {
        /// The file.
        path: PathBuf,
    },
    /// It is larger than all templates together may be, or the others that would have to go are in use.
    #[error(
        "a template of {size_bytes} bytes does not fit into the {limit_bytes} bytes that templates may take, of which {used_bytes} are in use"
    )]
    NoRoom {
        /// What it takes on disk.
        size_bytes: u64,
        /// What others take that cannot go.
        used_bytes: u64,
        /// What all may take.
        limit_bytes: u64,
    },
    /// It could not be put into its place.
    #[error("cannot make {}: {source}", path.display())]
    Rename {
        /// Its directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory of templates.
    #[error(transparent)]
    Store(#[from] TemplateError),
}
