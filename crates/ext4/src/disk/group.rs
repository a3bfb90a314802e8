//! Group descriptors (`struct ext4_group_desc`), 32 bytes each in a table after the superblock.

use super::checksum::crc32c;
use super::put::{low16, put16, put32};

/// Size of one descriptor without the 64bit feature.
pub(crate) const DESCRIPTOR_BYTES: usize = 32;

/// "bg_flags".
pub(crate) mod flags {
    /// EXT4_BG_INODE_UNINIT: the inode bitmap and table are not in use.
    pub(crate) const INODE_UNINIT: u16 = 1;
    /// EXT4_BG_BLOCK_UNINIT: the block bitmap is to be computed.
    pub(crate) const BLOCK_UNINIT: u16 = 2;
    /// EXT4_BG_INODE_ZEROED: the inode table reads as zeros, so the kernel need not clear it.
    pub(crate) const INODE_ZEROED: u16 = 4;
}

/// One descriptor. Block numbers fit 32 bits because a disk has 16 TiB at most.
#[derive(Debug, Default, Clone)]
pub(crate) struct GroupDescriptor {
    pub(crate) block_bitmap: u32,
    pub(crate) inode_bitmap: u32,
    pub(crate) inode_table: u32,
    pub(crate) free_blocks: u32,
    pub(crate) free_inodes: u32,
    pub(crate) directories: u32,
    pub(crate) flags: u16,
    pub(crate) block_bitmap_checksum: u32,
    pub(crate) inode_bitmap_checksum: u32,
    pub(crate) unused_inodes: u32,
}

impl GroupDescriptor {
    /// The bytes of a descriptor on a disk without metadata checksums.
    pub(crate) fn encode(&self) -> [u8; DESCRIPTOR_BYTES] {
        let mut bytes = [0; DESCRIPTOR_BYTES];
        put32(&mut bytes, 0x00, self.block_bitmap);
        put32(&mut bytes, 0x04, self.inode_bitmap);
        put32(&mut bytes, 0x08, self.inode_table);
        put16(&mut bytes, 0x0c, low16(self.free_blocks));
        put16(&mut bytes, 0x0e, low16(self.free_inodes));
        put16(&mut bytes, 0x10, low16(self.directories));
        put16(&mut bytes, 0x12, self.flags);
        put16(&mut bytes, 0x18, low16(self.block_bitmap_checksum));
        put16(&mut bytes, 0x1a, low16(self.inode_bitmap_checksum));
        put16(&mut bytes, 0x1c, low16(self.unused_inodes));
        bytes
    }

    /// The bytes of the descriptor of `group` on a disk with metadata checksums.
    pub(crate) fn encode_with_checksum(&self, seed: u32, group: u32) -> [u8; DESCRIPTOR_BYTES] {
        let mut bytes = self.encode();
        let sum = crc32c(crc32c(seed, &group.to_le_bytes()), &bytes);
        put16(&mut bytes, 0x1e, low16(sum));
        bytes
    }
}
