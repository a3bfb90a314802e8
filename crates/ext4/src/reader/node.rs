//! Inodes.

use super::damaged;
use crate::disk::INODE_BYTES;
use crate::disk::checksum::crc32c;
use crate::disk::get::{u16_at, u32_at};
use crate::disk::inode::{MARKED, mode};
use crate::error::ReadError;
use crate::metadata::{DeviceNumber, Metadata, Timestamp};

/// "l_i_checksum_lo", "i_checksum_hi" and "i_extra_isize", which counts from byte 128 on.
const CHECKSUM_AT: usize = 0x7c;
const UPPER_CHECKSUM_AT: usize = 0x82;
const EXTRA_SIZE_AT: usize = 0x80;
const UPPER_CHECKSUM_END: u16 = 4;
/// EXT4_GOOD_OLD_INODE_SIZE
const FIRST_FIELDS_BYTES: usize = 128;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharacterDevice(DeviceNumber),
    /// A block device.
    BlockDevice(DeviceNumber),
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
}

/// What an inode says.
#[derive(Debug, Clone)]
pub struct Node {
    number: u32,
    bytes: [u8; INODE_BYTES],
    kind: NodeKind,
}

impl Node {
    pub(super) fn decode(number: u32, bytes: [u8; INODE_BYTES]) -> Result<Self, ReadError> {
        let kind = match u16_at(&bytes, 0) & 0xf000 {
            mode::DIRECTORY => NodeKind::Directory,
            mode::REGULAR => NodeKind::File,
            mode::SYMLINK => NodeKind::Symlink,
            mode::CHARACTER => NodeKind::CharacterDevice(device(&bytes)),
            mode::BLOCK => NodeKind::BlockDevice(device(&bytes)),
            mode::FIFO => NodeKind::Fifo,
            mode::SOCKET => NodeKind::Socket,
            _ => return Err(damaged("an inode is of no kind")),
        };
        Ok(Self { number, bytes, kind })
    }

    /// The number of the inode.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> NodeKind {
        self.kind
    }

    /// Whether it is a directory that no entry of the layer describes, made as a parent of another one.
    #[must_use]
    pub fn is_undescribed(&self) -> bool {
        self.kind == NodeKind::Directory && self.is_marked()
    }

    /// Whether it is undescribed, or a symbolic link that stands for a hard link to a file elsewhere.
    pub(crate) fn is_marked(&self) -> bool {
        u32_at(&self.bytes, 0x24) == MARKED
    }

    /// Owner, mode and time, without extended attributes.
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        let bytes = &self.bytes;
        Metadata {
            mode: u16_at(bytes, 0) & 0o7777,
            uid: u32::from(u16_at(bytes, 0x02)) | u32::from(u16_at(bytes, 0x78)) << 16,
            gid: u32::from(u16_at(bytes, 0x18)) | u32::from(u16_at(bytes, 0x7a)) << 16,
            modified: self.modified(),
            xattrs: Vec::new(),
        }
    }

    /// When it was last written to: "i_mtime", and nanoseconds and the upper bits of the seconds in "i_mtime_extra".
    fn modified(&self) -> Timestamp {
        let seconds = u32_at(&self.bytes, 0x10).cast_signed();
        let extra = u32_at(&self.bytes, 0x88);
        Timestamp {
            seconds: i64::from(seconds) + (i64::from(extra & 3) << 32),
            nanoseconds: (extra >> 2).min(999_999_999),
        }
    }

    /// Names of anything but a directory.
    #[must_use]
    pub fn links(&self) -> u16 {
        u16_at(&self.bytes, 0x1a)
    }

    /// Size of a file, and of a symbolic link's target.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        u64::from(u32_at(&self.bytes, 0x04)) | u64::from(u32_at(&self.bytes, 0x6c)) << 32
    }

    /// Compares the checksum, of which `seed` is the start. Its upper half is in the fields that a large inode may have.
    pub(super) fn matches(&self, seed: u32) -> bool {
        let has_upper_half = u16_at(&self.bytes, EXTRA_SIZE_AT) >= UPPER_CHECKSUM_END;
        let mut bytes = self.bytes;
        bytes[CHECKSUM_AT..CHECKSUM_AT + 2].fill(0);
        if has_upper_half {
            bytes[UPPER_CHECKSUM_AT..UPPER_CHECKSUM_AT + 2].fill(0);
        }
        let sum = crc32c(seed, &bytes);
        let upper = u32::from(u16_at(&self.bytes, UPPER_CHECKSUM_AT));
        sum & 0xffff == u32::from(u16_at(&self.bytes, CHECKSUM_AT)) && (!has_upper_half || sum >> 16 == upper)
    }

    /// "i_flags"
    pub(super) fn flags(&self) -> u32 {
        u32_at(&self.bytes, 0x20)
    }

    /// "i_generation"
    pub(super) fn generation(&self) -> u32 {
        u32_at(&self.bytes, 0x64)
    }

    /// "i_block"
    pub(super) fn map(&self) -> &[u8] {
        &self.bytes[0x28..0x64]
    }

    /// The attributes that are inside of the inode, behind its fields ("i_extra_isize" of them beyond the first 128 bytes).
    pub(super) fn xattr_area(&self) -> &[u8] {
        let fields_end = FIRST_FIELDS_BYTES + usize::from(u16_at(&self.bytes, EXTRA_SIZE_AT));
        self.bytes.get(fields_end..).unwrap_or_default()
    }

    /// The block with attributes, 0 for none.
    pub(super) fn xattr_block(&self) -> u32 {
        u32_at(&self.bytes, 0x68)
    }
}

/// The number of a device, in the old encoding of 8+8 bits or the new one of 12+20.
fn device(inode: &[u8]) -> DeviceNumber {
    match (u32_at(inode, 0x28), u32_at(inode, 0x2c)) {
        (0, new) => DeviceNumber {
            major: (new >> 8) & 0xfff,
            minor: (new & 0xff) | (new >> 12) & 0xf_ff00,
        },
        (old, _) => DeviceNumber {
            major: (old >> 8) & 0xff,
            minor: old & 0xff,
        },
    }
}
