//! Why a tree could not be read or written.

use std::io;

use container_tar::{ReadError, WriteError};

/// Why a tree could not be made into a stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A file of the tree.
    #[error("cannot read \"{}\": {source}", .path.escape_ascii())]
    Read {
        /// Its name in the stream.
        path: Vec<u8>,
        /// The system's reason.
        source: io::Error,
    },
    /// The stream, or what cannot be in one.
    #[error(transparent)]
    Tar(#[from] WriteError),
}

/// Why a stream could not be made into files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// The stream.
    #[error(transparent)]
    Tar(#[from] ReadError),
    /// A name that leads out of the directory.
    #[error("\"{}\" leads out of the directory", .path.escape_ascii())]
    Outside {
        /// The name.
        path: Vec<u8>,
    },
    /// On the way to a file is something else than a directory, such as a symbolic link.
    #[error("\"{}\" is no directory, and links are not followed", .path.escape_ascii())]
    NotADirectory {
        /// Its name.
        path: Vec<u8>,
    },
    /// A directory is in the place of something else.
    #[error("cannot overwrite directory \"{}\" with non-directory", .path.escape_ascii())]
    OverwritesDirectory {
        /// Its name.
        path: Vec<u8>,
    },
    /// Something else is in the place of a directory.
    #[error("cannot overwrite non-directory \"{}\" with directory", .path.escape_ascii())]
    OverwritesNonDirectory {
        /// Its name.
        path: Vec<u8>,
    },
    /// Only root makes device nodes.
    #[error("\"{}\" is a device, which an ordinary user cannot make", .path.escape_ascii())]
    Device {
        /// Its name.
        path: Vec<u8>,
    },
    /// Anything else that the system refused.
    #[error("cannot write \"{}\": {source}", .path.escape_ascii())]
    Write {
        /// The file.
        path: Vec<u8>,
        /// The system's reason.
        source: io::Error,
    },
}
