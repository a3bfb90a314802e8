//! What can go wrong with files of the store.

use std::io;
use std::path::{Path, PathBuf};

use container_durable::{DirectoryError, LockError, RecordError};
use container_oci::{Digest, DocumentError};

/// Why content could not be read or stored.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The disk is full, or the user's quota of it.
    #[error("no space left on the disk that holds {}", path.display())]
    NoSpace {
        /// File that could not grow.
        path: PathBuf,
    },
    /// A file operation failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: `read`, `write`.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A lock could not be asked for.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Another process has been at work on the same thing for too long.
    #[error("another process holds {} and has not finished; end it and try again", path.display())]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
    /// The thread that did the work is gone.
    #[error("the work was interrupted")]
    WorkerLost,
    /// The bytes are not those that the digest names.
    #[error("digest mismatch: expected {expected}, got {actual}; the content is corrupt")]
    DigestMismatch {
        /// Digest asked for.
        expected: Digest,
        /// Digest of what came.
        actual: Digest,
    },
    /// There are more or fewer bytes than the descriptor says.
    #[error("size mismatch of {digest}: expected {expected_bytes} bytes, got {actual_bytes}")]
    SizeMismatch {
        /// The blob.
        digest: Digest,
        /// Size in its descriptor.
        expected_bytes: u64,
        /// Bytes that came, at least.
        actual_bytes: u64,
    },
    /// The blob is not in the store.
    #[error("the store has no {digest}; pull or load the image again")]
    MissingBlob {
        /// The blob.
        digest: Digest,
    },
    /// The blob cannot be read.
    #[error("cannot read {digest}: {source}")]
    ReadBlob {
        /// The blob.
        digest: Digest,
        /// What the system said.
        source: io::Error,
    },
    /// The blob is not the document that it should be.
    #[error("cannot read {digest}: {source}")]
    Document {
        /// The blob.
        digest: Digest,
        /// What is wrong with it.
        source: DocumentError,
    },
}

impl ContentError {
    /// The error of a file operation; a full disk gets its own case.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if is_full(&source) {
            Self::NoSpace { path }
        } else {
            Self::Io { action, path, source }
        }
    }
}

/// Whether the system said that there is no room.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl From<DirectoryError> for ContentError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Create { path, source } => Self::io("create directory", &path, source),
            DirectoryError::Sync { path, source } => Self::io("sync directory", &path, source),
        }
    }
}

/// The part of a record's failure that is about the disk and not about the record.
pub(crate) fn full_disk(error: &RecordError, path: &Path) -> Option<ContentError> {
    error
        .io_error()
        .filter(|source| is_full(source))
        .map(|_| ContentError::NoSpace { path: path.to_owned() })
}
