//! Sizes of writable disks.

use super::{BLOCK_BYTES, BLOCKS_PER_GROUP, INODES_PER_BLOCK};

/// The smallest disk: a journal of 4 MiB and as much again.
pub(crate) const MIN_DISK_BYTES: u64 = 8 << 20;
/// Block numbers of 32 bits.
pub(crate) const MAX_DISK_BYTES: u64 = (1 << 44) - (BLOCKS_PER_GROUP << 12);
/// The smallest journal: JBD2_MIN_JOURNAL_BLOCKS blocks of 4 KiB.
pub(crate) const MIN_JOURNAL_BYTES: u64 = 4 << 20;
/// The largest journal, so that it fits the first group.
pub(crate) const MAX_JOURNAL_BYTES: u64 = 64 << 20;
/// Disk space for each inode, as `mke2fs` has it.
const BYTES_PER_INODE: u64 = 16 << 10;

/// Inodes of each group on a disk of so many blocks.
pub(crate) fn inodes_per_group(blocks: u64) -> u32 {
    let per_group = (BLOCKS_PER_GROUP.min(blocks) * BLOCK_BYTES as u64 / BYTES_PER_INODE) as u32;
    per_group.next_multiple_of(INODES_PER_BLOCK)
}
