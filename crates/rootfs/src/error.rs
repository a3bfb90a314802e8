//! Why a container's root could not be read.

use std::fmt;

use container_ext4::ReadError;
use container_tar::WriteError;

use crate::path::MAX_PATH_BYTES;

/// Which of the disks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiskRole {
    /// The container's own.
    Writable,
    /// The disk of layers, counted from the lowest.
    Layer(usize),
    /// That of a volume, by the path where it is mounted.
    Volume(Vec<u8>),
}

impl fmt::Display for DiskRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Writable => f.write_str("the container's disk"),
            Self::Layer(number) => write!(f, "the image's disk {number}"),
            Self::Volume(path) => write!(f, "the volume at {}", path.escape_ascii()),
        }
    }
}

/// Why something in a container's root could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// One of the disks.
    #[error("cannot read {disk}: {source}")]
    Disk {
        /// Which one.
        disk: DiskRole,
        /// Why.
        source: ReadError,
    },
    /// Nothing is at the path.
    #[error("{}: no such file or directory", .path.escape_ascii())]
    NotFound {
        /// The path as it was given.
        path: Vec<u8>,
    },
    /// A parent in the path, or the path itself where a directory is needed, is something else.
    #[error("{}: not a directory", .path.escape_ascii())]
    NotADirectory {
        /// The path as it was given.
        path: Vec<u8>,
    },
    /// More than 40 symbolic links on one path.
    #[error("{}: too many levels of symbolic links", .path.escape_ascii())]
    Loop {
        /// The path as it was given.
        path: Vec<u8>,
    },
    /// A path with NUL in it, or of more than 4,096 bytes.
    #[error("{}: not a path", .path.escape_ascii())]
    InvalidPath {
        /// The path as it was given.
        path: Vec<u8>,
    },
    /// A directory that has two names, or that is in itself.
    #[error("{disk} is damaged: the directory {} has a second name", .path.escape_ascii())]
    DirectoryTwice {
        /// The disk.
        disk: DiskRole,
        /// Where it was met again.
        path: Vec<u8>,
    },
    /// A path over 4,096 bytes.
    #[error("{}… is too deep: the path has more than {MAX_PATH_BYTES} bytes", .path.escape_ascii())]
    TooDeep {
        /// The start of the path.
        path: Vec<u8>,
    },
    /// More than is kept of a root while it is read: of its directories, of names on the way, of names of files that have several, or of changes.
    #[error(
        "the container's root has more than {limit} {what}, too many to be read: remove some of them in the container"
    )]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A mark of overlayfs that the guest's kernel never sets: a moved directory or a file without content of its own.
    #[error("{disk} has an entry that refers to another one ({}), as containers' kernels make none", .xattr.escape_ascii())]
    Foreign {
        /// The disk.
        disk: DiskRole,
        /// The attribute.
        xattr: Vec<u8>,
    },
    /// The tar could not be written.
    #[error(transparent)]
    Tar(#[from] WriteError),
}
