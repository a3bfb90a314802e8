//! What a writable disk has besides its content.

use super::geometry::Geometry;
use crate::disk::block_range::BlockRange;
use crate::disk::block_size::BlockSize;
use crate::disk::extent::inline_map;
use crate::disk::superblock::JournalBackup;
use crate::disk::writable::{MAX_DISK_BYTES, MAX_JOURNAL_BYTES, MIN_DISK_BYTES, MIN_JOURNAL_BYTES, inodes_per_group};
use crate::disk::{BLOCK_BYTES, JOURNAL_INODE};
use crate::error::WriteError;
use crate::metadata::Timestamp;

/// A writable disk, as [`format_writable`](crate::format_writable) makes them empty: as many inodes, a journal, and free space up to its size.
///
/// Unlike there superblock and descriptors have no copy.
#[derive(Debug, Clone, Copy, Default)]
pub struct Room {
    /// Size of the journal, 0 for none.
    pub journal_bytes: u64,
    /// "s_default_mount_opts", ext4(5): those of [`Volume`](crate::Volume).
    pub default_mount_options: u32,
    /// When the disk was made.
    pub made: Timestamp,
    /// When it was last mounted writable, in seconds since 1970; 0 for never.
    pub mounted_seconds: u32,
}

impl Room {
    /// Where the journal is: behind the descriptors, from `first_block` on.
    pub(super) fn journal(
        &self,
        capacity_bytes: u64,
        block_size: BlockSize,
        first_block: u64,
    ) -> Result<Option<BlockRange>, WriteError> {
        let journal_bytes = self.journal_bytes;
        let is_possible = (MIN_DISK_BYTES..=MAX_DISK_BYTES).contains(&capacity_bytes)
            && block_size.bytes() == BLOCK_BYTES
            && (journal_bytes == 0 || (MIN_JOURNAL_BYTES..=MAX_JOURNAL_BYTES).contains(&journal_bytes));
        if !is_possible {
            return Err(WriteError::Room {
                capacity_bytes,
                journal_bytes,
            });
        }
        Ok((journal_bytes > 0).then(|| BlockRange {
            start: first_block as u32,
            count: (journal_bytes / BLOCK_BYTES as u64) as u32,
        }))
    }

    /// The shape of the disk with its data in the blocks before `data_end`.
    pub(super) fn shape(&self, capacity_bytes: u64, block_size: BlockSize, data_end: u64) -> Geometry {
        let blocks = capacity_bytes / block_size.bytes() as u64;
        Geometry::with_room(block_size, data_end, blocks, inodes_per_group(blocks))
    }
}

/// The copy of the journal's place in the superblock.
pub(super) fn backup_of(journal: BlockRange) -> JournalBackup {
    JournalBackup {
        inode: JOURNAL_INODE,
        map: inline_map(journal),
        size_bytes: u64::from(journal.count) * BLOCK_BYTES as u64,
    }
}
