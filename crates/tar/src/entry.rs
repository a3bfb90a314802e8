//! An entry as the parser hands it out.

use crate::metadata::{DeviceNumber, Timestamp};

/// One member of a tar. Names are bytes exactly as in the tar, not yet cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it belongs.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time.
    pub modified: Timestamp,
    /// Extended attributes (`SCHILY.xattr.*`) by their full names.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file. Its content follows in the stream.
    File {
        /// Size of the file, holes included.
        size_bytes: u64,
        /// For a sparse file, which parts of it the stream has, in order; the rest is zeros.
        regions: Option<Vec<Region>>,
    },
    /// Another name of an entry before this one.
    HardLink {
        /// Path of that entry.
        target: Vec<u8>,
    },
    /// A symbolic link.
    Symlink {
        /// What it says.
        target: Vec<u8>,
    },
    /// A directory.
    Directory,
    /// A character device.
    CharacterDevice(DeviceNumber),
    /// A block device.
    BlockDevice(DeviceNumber),
    /// A named pipe.
    Fifo,
}

/// A part of a sparse file that has data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Where it starts in the file.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
}
