//! The on-disk structures of EXT4, as pure functions from values to bytes.
//!
//! Names and offsets are those of the kernel's `Documentation/filesystems/ext4/` and of `ext4(5)`. All numbers are little-endian unless said otherwise.

pub(crate) mod acl;
pub(crate) mod bitmap;
pub(crate) mod block_range;
pub(crate) mod block_size;
pub(crate) mod checksum;
pub(crate) mod directory;
pub(crate) mod dirhash;
pub(crate) mod extent;
pub(crate) mod get;
pub(crate) mod group;
pub(crate) mod hashtree;
pub(crate) mod inode;
pub(crate) mod journal;
pub(crate) mod put;
pub(crate) mod superblock;
pub(crate) mod writable;
pub(crate) mod xattr;

/// The block size of writable disks. That of read-only ones varies: [`block_size::BlockSize`].
pub(crate) const BLOCK_BYTES: usize = 4096;
/// Blocks in a group of a writable disk: one bit each in a bitmap of one block.
pub(crate) const BLOCKS_PER_GROUP: u64 = 8 * BLOCK_BYTES as u64;
/// Size of an inode in the table.
pub(crate) const INODE_BYTES: usize = 256;
/// Inodes in one block of the table of a writable disk.
pub(crate) const INODES_PER_BLOCK: u32 = (BLOCK_BYTES / INODE_BYTES) as u32;
/// The inode of the root directory: EXT4_ROOT_INO.
pub const ROOT_INODE: u32 = 2;
/// EXT4_JOURNAL_INO.
pub(crate) const JOURNAL_INODE: u32 = 8;
/// EXT4_GOOD_OLD_FIRST_INO: the first inode that is not reserved.
pub(crate) const FIRST_INODE: u32 = 11;
