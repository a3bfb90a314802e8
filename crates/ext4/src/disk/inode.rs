//! Inodes (`struct ext4_inode`), 256 bytes each: 160 of fields, 96 for extended attributes.

use super::INODE_BYTES;
use super::checksum::crc32c;
use super::put::{high16, high32, low16, low32, put16, put32};
use super::superblock::EXTRA_INODE_BYTES;
use crate::metadata::{DeviceNumber, Timestamp};

/// Where the extended attributes inside an inode start.
pub(crate) const XATTR_OFFSET: usize = 128 + EXTRA_INODE_BYTES as usize;
/// Bytes for extended attributes inside an inode.
pub(crate) const XATTR_ROOM: usize = INODE_BYTES - XATTR_OFFSET;

/// The "l_i_version" of a directory that no entry describes, and of a symbolic link that stands for a hard link to a file elsewhere. Kernels read the field
/// only where they are asked to count changes of an inode, and show it to no program.
pub(crate) const MARKED: u32 = 1;

/// "i_flags".
pub(crate) mod flags {
    /// EXT4_INDEX_FL: a hashed directory.
    pub(crate) const INDEX: u32 = 0x1000;
    /// EXT4_EXTENTS_FL
    pub(crate) const EXTENTS: u32 = 0x8_0000;
    /// EXT4_EA_INODE_FL: holds the value of an extended attribute.
    pub(crate) const EA_INODE: u32 = 0x20_0000;
}

/// The file type bits of "i_mode".
pub(crate) mod mode {
    pub(crate) const FIFO: u16 = 0o010_000;
    pub(crate) const CHARACTER: u16 = 0o020_000;
    pub(crate) const DIRECTORY: u16 = 0o040_000;
    pub(crate) const BLOCK: u16 = 0o060_000;
    pub(crate) const REGULAR: u16 = 0o100_000;
    pub(crate) const SYMLINK: u16 = 0o120_000;
    pub(crate) const SOCKET: u16 = 0o140_000;
}

/// The fields of an inode that are ever other than zero here.
#[derive(Debug, Clone)]
pub(crate) struct Inode<'a> {
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) size: u64,
    pub(crate) links: u16,
    /// All blocks of the inode in units of 512 bytes ("i_blocks"), those of its extent tree and attributes included.
    pub(crate) sectors: u64,
    pub(crate) flags: u32,
    pub(crate) map: [u8; 60],
    pub(crate) xattr_block: u32,
    pub(crate) accessed: Timestamp,
    pub(crate) changed: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) created: Timestamp,
    /// "l_i_version"; the reference count of an EA inode, or [`MARKED`].
    pub(crate) version: u32,
    /// At most [`XATTR_ROOM`] bytes.
    pub(crate) xattrs: &'a [u8],
}

impl Inode<'_> {
    /// The bytes of the inode on a disk without metadata checksums.
    pub(crate) fn encode(&self) -> [u8; INODE_BYTES] {
        let mut bytes = [0; INODE_BYTES];
        let out = &mut bytes;
        let sectors = self.sectors;
        put16(out, 0x00, self.mode);
        put16(out, 0x02, low16(self.uid));
        put32(out, 0x04, low32(self.size));
        put16(out, 0x18, low16(self.gid));
        put16(out, 0x1a, self.links);
        put32(out, 0x1c, low32(sectors));
        put32(out, 0x20, self.flags);
        put32(out, 0x24, self.version);
        out[0x28..0x64].copy_from_slice(&self.map);
        put32(out, 0x68, self.xattr_block);
        put32(out, 0x6c, high32(self.size));
        put16(out, 0x74, low16(high32(sectors)));
        put16(out, 0x78, high16(self.uid));
        put16(out, 0x7a, high16(self.gid));
        put16(out, 0x80, EXTRA_INODE_BYTES);
        for (time, at, extra_at) in [
            (self.accessed, 0x08, 0x8c),
            (self.changed, 0x0c, 0x84),
            (self.modified, 0x10, 0x88),
            (self.created, 0x90, 0x94),
        ] {
            let (seconds, extra) = time.encode();
            put32(out, at, seconds);
            put32(out, extra_at, extra);
        }
        out[XATTR_OFFSET..XATTR_OFFSET + self.xattrs.len()].copy_from_slice(self.xattrs);
        bytes
    }

    /// The bytes of inode `number` on a disk with metadata checksums.
    pub(crate) fn encode_with_checksum(&self, seed: u32, number: u32) -> [u8; INODE_BYTES] {
        let mut bytes = self.encode();
        let sum = crc32c(inode_seed(seed, number, 0), &bytes);
        put16(&mut bytes, 0x7c, low16(sum));
        put16(&mut bytes, 0x82, high16(sum));
        bytes
    }
}

/// The seed of the checksums of everything that belongs to inode `number`, which is the `generation`th ("i_generation") of this number.
pub(crate) fn inode_seed(seed: u32, number: u32, generation: u32) -> u32 {
    crc32c(crc32c(seed, &number.to_le_bytes()), &generation.to_le_bytes())
}

/// The "i_block" of a device node: the old 8+8 bit encoding where it fits, else the new one of 12+20 bits.
pub(crate) fn device_map(device: DeviceNumber) -> [u8; 60] {
    let mut map = [0; 60];
    let DeviceNumber { major, minor } = device;
    if major < 256 && minor < 256 {
        put32(&mut map, 0, (major << 8) | minor);
    } else {
        put32(&mut map, 4, (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12));
    }
    map
}

/// The "i_block" of a symbolic link shorter than 60 bytes; of a longer one, nothing.
pub(crate) fn symlink_map(target: &[u8]) -> [u8; 60] {
    let mut map = [0; 60];
    if target.len() < map.len() {
        map[..target.len()].copy_from_slice(target);
    }
    map
}
