//! Why a disk could not be written, read or formatted.

use std::io;

/// Paths in messages are shown with escapes, because names are bytes.
fn show(path: &[u8]) -> String {
    format!("\"{}\"", path.escape_ascii())
}

/// Why an entry could not be added or a disk not be finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The image file could not be written, or the scratch file not be used.
    #[error("cannot write the disk image: {0}")]
    Io(#[from] io::Error),
    /// The content does not fit the capacity the disk was made for.
    #[error("the disk would be larger than its limit of {capacity_bytes} bytes")]
    DiskFull {
        /// The capacity from the options.
        capacity_bytes: u64,
    },
    /// A writable disk that [`crate::format_writable`] would not make: below 8 MiB, above 16 TiB, with smaller blocks or an impossible journal.
    #[error("no writable disk has {capacity_bytes} bytes, a journal of {journal_bytes} bytes, and these blocks")]
    Room {
        /// The capacity from the options.
        capacity_bytes: u64,
        /// The journal from the options.
        journal_bytes: u64,
    },
    /// The disk of a layer could not be read.
    #[error("cannot read a layer's disk: {0}")]
    Layer(#[from] ReadError),
    /// More entries than [`crate::Limits::entries`].
    #[error("more than {limit} entries")]
    TooManyEntries {
        /// The limit.
        limit: u32,
    },
    /// Names, link targets and attributes have more bytes than [`crate::Limits::retained_bytes`], or than the scratch file can hold.
    #[error("names, link targets and extended attributes of all entries together exceed {limit_bytes} bytes")]
    TooMuchMetadata {
        /// The limit.
        limit_bytes: u64,
    },
    /// A path contains NUL, a component over 255 bytes, or is longer than 4,096 bytes.
    #[error("invalid path {}", show(.path))]
    InvalidPath {
        /// The path as it was given.
        path: Vec<u8>,
    },
    /// A parent in the path is a file, a device or the like.
    #[error("cannot put {} below something that is not a directory", show(.path))]
    NotADirectory {
        /// The path as it was given.
        path: Vec<u8>,
    },
    /// Resolving the parents of a path met more than 40 symbolic links.
    #[error("too many symbolic links on the way to {}", show(.path))]
    SymlinkLoop {
        /// The path as it was given.
        path: Vec<u8>,
    },
    /// A hard link to something that is not on this disk.
    #[error("hard link {} to {}, which is not there", show(.path), show(.target))]
    LinkTargetMissing {
        /// The link.
        path: Vec<u8>,
        /// What it should be the same file as.
        target: Vec<u8>,
    },
    /// A hard link to a directory.
    #[error("hard link {} to the directory {}", show(.path), show(.target))]
    LinkToDirectory {
        /// The link.
        path: Vec<u8>,
        /// The directory.
        target: Vec<u8>,
    },
    /// More than 65,000 names for one file.
    #[error("too many hard links to the file that {} names", show(.path))]
    TooManyLinks {
        /// The name that was one too many.
        path: Vec<u8>,
    },
    /// A link target or attributes that fit a block of 4 KiB, but not those of this disk.
    #[error("entry {} needs a disk with larger blocks", show(.path))]
    BlocksTooSmall {
        /// The entry.
        path: Vec<u8>,
    },
    /// An empty link target, one over 4,095 bytes, or one with NUL.
    #[error("invalid target of the symbolic link {}", show(.path))]
    InvalidSymlink {
        /// The link.
        path: Vec<u8>,
    },
    /// A device number beyond 12 bits of major or 20 bits of minor.
    #[error("device {} has the impossible number {major}:{minor}", show(.path))]
    InvalidDevice {
        /// The node.
        path: Vec<u8>,
        /// Its major number.
        major: u32,
        /// Its minor number.
        minor: u32,
    },
    /// A file of 2^32 blocks or more (16 TiB with blocks of 4 KiB), or of more than 1,048,576 extents.
    #[error("file {} is too large or in too many pieces", show(.path))]
    FileTooLarge {
        /// The file.
        path: Vec<u8>,
    },
    /// An attribute outside of the name spaces EXT4 knows, or with a value over 64 KiB, or a malformed ACL.
    #[error("entry {} has the invalid extended attribute {}", show(.path), show(.name))]
    InvalidXattr {
        /// The entry.
        path: Vec<u8>,
        /// The attribute.
        name: Vec<u8>,
    },
    /// The attributes' names do not fit one block.
    #[error("entry {} has too many extended attributes", show(.path))]
    TooManyXattrs {
        /// The entry.
        path: Vec<u8>,
    },
}

/// Why a disk could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The image file.
    #[error("cannot read the disk image: {0}")]
    Io(#[from] io::Error),
    /// Not a disk that this crate or Linux makes, or a damaged one.
    #[error("the disk image is damaged: {what}")]
    Damaged {
        /// What is wrong.
        what: &'static str,
    },
}

/// Why an empty disk could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The image file could not be written.
    #[error("cannot write the disk image: {0}")]
    Io(#[from] io::Error),
    /// Below 8 MiB or above 16 TiB.
    #[error("a writable disk has 8 MiB to 16 TiB, not {size_bytes} bytes")]
    Size {
        /// The size asked for.
        size_bytes: u64,
    },
    /// A journal that is too small to work, or too large for the disk.
    #[error("a journal of this disk has 4 MiB to {} MiB, not {size_bytes} bytes", max_bytes >> 20)]
    JournalSize {
        /// The size asked for.
        size_bytes: u64,
        /// The largest.
        max_bytes: u64,
    },
    /// Not the name of an entry in a directory: empty, `.`, `..`, with a slash or NUL, over 255 bytes, or there twice.
    #[error("{name:?} cannot be made in the root directory of a disk")]
    DirectoryName {
        /// The name asked for.
        name: String,
    },
    /// The directories' names do not fit the one block of the root directory.
    #[error("the names of {count} directories do not fit the root directory of an empty disk")]
    TooManyDirectories {
        /// How many were asked for.
        count: usize,
    },
}
