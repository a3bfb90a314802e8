//! What is in the blocks of a journal, in the forms that its features say.

use crate::disk::checksum::crc32c;
use crate::disk::get::{u16_be_at, u32_be_at};
use crate::error::ReadError;
use crate::reader::damaged;

/// JBD2_FEATURE_INCOMPAT_REVOKE, _64BIT, _ASYNC_COMMIT, _CSUM_V2, _CSUM_V3.
const REVOKE: u32 = 0x1;
const WIDE: u32 = 0x2;
const ASYNC_COMMIT: u32 = 0x4;
const CHECKSUMS_2: u32 = 0x8;
const CHECKSUMS_3: u32 = 0x10;
/// JBD2_FLAG_ESCAPE, _SAME_UUID, _DELETED, _LAST_TAG.
const ESCAPED: u32 = 0x1;
const SAME_UUID: u32 = 0x2;
const LAST: u32 = 0x8;
/// A UUID follows a tag that is not of the same journal as the one before.
const UUID_BYTES: usize = 16;
/// JBD2_CRC32C_CHKSUM, "s_checksum_type".
const CRC32C: u8 = 4;
/// Where a commit block has its checksum: "h_chksum".
const COMMIT_CHECKSUM_AT: usize = 16;
/// Where the blocks of a revoke record start, behind "r_count".
const REVOKED_AT: usize = 16;

/// The features of a journal.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Format {
    features: u32,
    /// What every checksum starts with.
    seed: u32,
}

/// A block that a transaction wrote, `journal_block_tag_t` and `journal_block_tag3_t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    /// The block of the disk; `u32::MAX` for one beyond 32 bits, which no disk has.
    pub(super) block: u32,
    pub(super) is_escaped: bool,
    checksum: u32,
}

impl Format {
    /// Reads the superblock of the journal.
    pub(super) fn decode(superblock: &[u8]) -> Result<Self, ReadError> {
        let features = u32_be_at(superblock, 0x28);
        if features & !(REVOKE | WIDE | ASYNC_COMMIT | CHECKSUMS_2 | CHECKSUMS_3) != 0 {
            return Err(damaged("its journal has features that no container's disk has"));
        }
        let format = Self {
            features,
            seed: crc32c(!0, superblock.get(0x30..0x40).unwrap_or_default()),
        };
        if format.sums_blocks() && superblock.get(0x50) != Some(&CRC32C) {
            return Err(damaged("its journal has checksums of an unknown kind"));
        }
        Ok(format)
    }

    /// Whether there are checksums of blocks.
    pub(super) fn sums_blocks(self) -> bool {
        self.features & (CHECKSUMS_2 | CHECKSUMS_3) != 0
    }

    fn has(self, feature: u32) -> bool {
        self.features & feature != 0
    }

    /// The end of descriptor and revoke blocks, `struct jbd2_journal_block_tail`.
    fn tail_bytes(self) -> usize {
        if self.sums_blocks() { 4 } else { 0 }
    }

    fn tag_bytes(self) -> usize {
        if self.has(CHECKSUMS_3) {
            return 16;
        }
        8 + if self.has(CHECKSUMS_2) { 2 } else { 0 } + if self.has(WIDE) { 4 } else { 0 }
    }

    /// The tags of a descriptor block, whose header has `header_bytes`.
    pub(super) fn tags(self, block: &[u8], header_bytes: usize) -> Vec<Tag> {
        let end = block.len() - self.tail_bytes();
        let mut tags = Vec::new();
        let mut at = header_bytes;
        while at + self.tag_bytes() <= end {
            let (flags, checksum, high_at) = match self.has(CHECKSUMS_3) {
                true => (u32_be_at(block, at + 4), u32_be_at(block, at + 12), at + 8),
                false => {
                    let (checksum, flags) = (u16_be_at(block, at + 4), u16_be_at(block, at + 6));
                    (u32::from(flags), u32::from(checksum), at + 8)
                }
            };
            let is_beyond = self.has(WIDE) && u32_be_at(block, high_at) != 0;
            tags.push(Tag {
                block: if is_beyond { u32::MAX } else { u32_be_at(block, at) },
                is_escaped: flags & ESCAPED != 0,
                checksum,
            });
            at += self.tag_bytes();
            if flags & SAME_UUID == 0 {
                at += UUID_BYTES;
            }
            if flags & LAST != 0 {
                break;
            }
        }
        tags
    }

    /// The blocks that a revoke record names.
    pub(super) fn revoked(self, block: &[u8]) -> Result<impl Iterator<Item = u32>, ReadError> {
        let entry_bytes = if self.has(WIDE) { 8 } else { 4 };
        let end = u32_be_at(block, 12) as usize;
        if !(REVOKED_AT..=block.len() - self.tail_bytes()).contains(&end) {
            return Err(damaged("its journal has a list of blocks that is cut off"));
        }
        let entries = block[REVOKED_AT..end].chunks_exact(entry_bytes);
        // Blocks beyond 32 bits were never logged.
        let entries = entries.filter(move |entry| entry_bytes == 4 || u32_be_at(entry, 0) == 0);
        Ok(entries.map(move |entry| u32_be_at(entry, entry_bytes - 4)))
    }

    /// Compares the checksum at the end of a descriptor or revoke block, where there is one.
    pub(super) fn is_whole(self, block: &[u8]) -> bool {
        let summed_bytes = block.len() - 4;
        !self.sums_blocks()
            || crc32c(crc32c(self.seed, &block[..summed_bytes]), &[0; 4]) == u32_be_at(block, summed_bytes)
    }

    /// Compares the checksum of a commit block, where there is one.
    pub(super) fn is_whole_commit(self, block: &[u8]) -> bool {
        if !self.sums_blocks() {
            return true;
        }
        let (before, rest) = block.split_at(COMMIT_CHECKSUM_AT);
        let sum = crc32c(crc32c(crc32c(self.seed, before), &[0; 4]), &rest[4..]);
        sum == u32_be_at(rest, 0)
    }

    /// Whether `block` is what transaction `sequence` says in `tag`.
    pub(super) fn matches(self, tag: &Tag, sequence: u32, block: &[u8]) -> bool {
        let sum = crc32c(crc32c(self.seed, &sequence.to_be_bytes()), block);
        match self.has(CHECKSUMS_3) {
            true => sum == tag.checksum,
            false => sum & 0xffff == tag.checksum,
        }
    }
}
