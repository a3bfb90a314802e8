//! What can be wrong with a context, and with single files of it.

use std::io;
use std::path::PathBuf;

use crate::ignore::IgnoreError;

/// Why a directory cannot be a context: it is not there, is no directory, or may not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the build context \"{}\"", .path.display())]
pub struct OpenError {
    /// The directory.
    pub path: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

/// Why a file of the context cannot be read as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadFileError {
    /// Its path has symbolic links that lead round in a circle.
    #[error("\"{}\" goes through too many symbolic links", .path.escape_ascii())]
    Loop {
        /// The path.
        path: Vec<u8>,
    },
    /// It is a directory or a device.
    #[error("\"{}\" is no regular file", .path.escape_ascii())]
    NoFile {
        /// The path.
        path: Vec<u8>,
    },
    /// It is larger than was allowed.
    #[error("\"{}\" has more than {limit_bytes} bytes", .path.escape_ascii())]
    TooLarge {
        /// The path.
        path: Vec<u8>,
        /// What was allowed.
        limit_bytes: u64,
    },
    /// The system refused.
    #[error("cannot read \"{}\": {source}", .path.escape_ascii())]
    Read {
        /// The path.
        path: Vec<u8>,
        /// The system's reason.
        source: io::Error,
    },
}

/// Why the ignore rules of a build cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindIgnoreError {
    /// The file.
    #[error(transparent)]
    Read(#[from] ReadFileError),
    /// What is in it.
    #[error("in \"{}\": {source}", .path.escape_ascii())]
    Parse {
        /// The file.
        path: Vec<u8>,
        /// The fault.
        source: IgnoreError,
    },
}
