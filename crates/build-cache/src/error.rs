//! Why the cache cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use container_durable::{DirectoryError, LockError, RecordError, ReplaceError};

/// Why the cache of builds cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// Its directory could not be made.
    #[error("cannot use the cache of builds: {0}")]
    Directory(#[from] DirectoryError),
    /// A file of it.
    #[error("cannot {verb} {}: {source}", path.display())]
    File {
        /// What was to be done.
        verb: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A record could not be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file that was fetched could not be kept.
    #[error(transparent)]
    Replace(#[from] ReplaceError),
    /// A step could not be claimed.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl CacheError {
    pub(crate) fn file(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File {
            verb,
            path: path.to_owned(),
            source,
        }
    }
}
