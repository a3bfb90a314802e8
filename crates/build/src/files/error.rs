//! Why files could not be copied.

use std::io;

use container_build_context::{ContentError, SelectError, WalkError};
use container_rootfs::RootError;
use container_tar::{ReadError, WriteError};
use container_tree::{ExtractError, MergeError};

/// Why a layer of files could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// The sources of the context.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// A file of the context.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// What is in a file of the context.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Somebody wrote to the context after the cache had been asked for what is in it.
    #[error("the build context changed while its files were copied: build again once nobody writes to it")]
    Changed,
    /// The root of a stage or an image.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A source that is not in the stage or image.
    #[error("\"{}\": not found", .path.escape_ascii())]
    NotFound {
        /// The source, from the root.
        path: Vec<u8>,
    },
    /// A source that is no pattern.
    #[error("syntax error in pattern \"{pattern}\"")]
    BadPattern {
        /// The pattern.
        pattern: String,
    },
    /// A directory where something else is.
    #[error("cannot copy to non-directory: \"{}\"", .path.escape_ascii())]
    NotADirectory {
        /// The place.
        path: Vec<u8>,
    },
    /// A file where a directory is.
    #[error("cannot replace directory \"{}\" with a file", .path.escape_ascii())]
    IsADirectory {
        /// The place.
        path: Vec<u8>,
    },
    /// Symbolic links that lead round in a circle, or to where no directory is.
    #[error("\"{}\" cannot be made: it leads through a symbolic link to nowhere", .path.escape_ascii())]
    LostLink {
        /// The place.
        path: Vec<u8>,
    },
    /// A user or group that the stage does not have.
    #[error("unable to find {what} {name}: no matching entries in {file}")]
    NoOwner {
        /// `user` or `group`.
        what: &'static str,
        /// The name.
        name: String,
        /// Where it was looked for.
        file: &'static str,
    },
    /// An archive that is no tar, or a damaged one.
    #[error("cannot unpack \"{}\": {source}", .path.escape_ascii())]
    Archive {
        /// The archive's name.
        path: Vec<u8>,
        /// Why.
        source: ReadError,
    },
    /// An archive that has too much in it.
    #[error("\"{}\" has more than {limit} {what}, which is too much to unpack", .path.escape_ascii())]
    ArchiveTooLarge {
        /// The archive's name.
        path: Vec<u8>,
        /// What it has too much of.
        what: &'static str,
        /// What was allowed.
        limit: u64,
    },
    /// A name in an archive that leads out of it.
    #[error("\"{}\" leads out of the archive", .path.escape_ascii())]
    Outside {
        /// The name.
        path: Vec<u8>,
    },
    /// Bytes could not be read or written on the way.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A layer of the build that is read again.
    #[error("cannot read a layer: {0}")]
    Layer(#[from] ReadError),
    /// The files of the result could not be made.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// The files of the result could not take their place.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The layer's tar.
    #[error(transparent)]
    Tar(#[from] WriteError),
}
