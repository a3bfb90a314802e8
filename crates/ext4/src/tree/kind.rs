//! Kinds of entries.

use crate::disk::directory::FileType;
use crate::disk::inode::mode;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File,
    Symlink,
    CharacterDevice,
    BlockDevice,
    Fifo,
    Socket,
    /// One more name of another entry.
    HardLink,
    /// It has lost all its names.
    Removed,
}

impl Kind {
    /// What directory entries say. A hard link is of the kind of its target.
    pub(crate) fn file_type(self) -> FileType {
        match self {
            Self::Directory => FileType::Directory,
            Self::File | Self::HardLink | Self::Removed => FileType::Regular,
            Self::Symlink => FileType::Symlink,
            Self::CharacterDevice => FileType::Character,
            Self::BlockDevice => FileType::Block,
            Self::Fifo => FileType::Fifo,
            Self::Socket => FileType::Socket,
        }
    }

    /// The file type bits of the mode.
    pub(crate) fn mode_bits(self) -> u16 {
        match self {
            Self::Directory => mode::DIRECTORY,
            Self::File | Self::HardLink | Self::Removed => mode::REGULAR,
            Self::Symlink => mode::SYMLINK,
            Self::CharacterDevice => mode::CHARACTER,
            Self::BlockDevice => mode::BLOCK,
            Self::Fifo => mode::FIFO,
            Self::Socket => mode::SOCKET,
        }
    }
}
