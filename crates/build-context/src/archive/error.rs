//! What can be wrong with a tar as a context.

use std::io;

use container_tar::ReadError;

/// Why a stream cannot be a context.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TarError {
    /// It is no tar, or a damaged one.
    #[error(transparent)]
    Tar(#[from] ReadError),
    /// The stream cannot be read.
    #[error("cannot read the build context: {0}")]
    Read(#[source] io::Error),
    /// A name that leads out of the context, or a hard link to one.
    #[error("\"{}\" leads out of the build context", .path.escape_ascii())]
    Outside {
        /// The name.
        path: Vec<u8>,
    },
    /// A name below something that is no directory, such as a symbolic link.
    #[error("\"{}\" of the build context is no directory, and has files in it", .path.escape_ascii())]
    NotADirectory {
        /// The name.
        path: Vec<u8>,
    },
    /// A hard link to what is not before it in the tar, or is a directory.
    #[error("\"{}\" of the build context is a hard link to \"{}\", which is no file before it", .path.escape_ascii(), .target.escape_ascii())]
    HardLink {
        /// The link.
        path: Vec<u8>,
        /// What it should be another name of.
        target: Vec<u8>,
    },
    /// One of [`TarLimits`] is exceeded.
    #[error("the build context has more than {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much was allowed.
        limit: u64,
    },
    /// The scratch file cannot be made or written.
    #[error("cannot keep the build context on the disk: {0}")]
    Scratch(#[source] io::Error),
}
