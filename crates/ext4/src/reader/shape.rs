//! The shape of a disk, by a superblock that is not believed.

use std::ops::RangeInclusive;

use super::damaged;
use crate::disk::INODE_BYTES;
use crate::disk::group::DESCRIPTOR_BYTES;
use crate::disk::superblock::{Facts, SUPERBLOCK_BYTES, incompat};
use crate::error::ReadError;

/// "s_log_block_size" of blocks of 4 KiB.
const MAX_BLOCK_SIZE_LOG2: u32 = 2;
/// EXT4_MIN_DESC_SIZE_64BIT, EXT4_MAX_DESC_SIZE
const WIDE_DESCRIPTOR_BYTES: RangeInclusive<usize> = 64..=1024;
/// Features of "s_feature_incompat" that are understood. Others change what blocks mean.
const UNDERSTOOD: u32 = incompat::FILETYPE
    | incompat::RECOVER
    | incompat::EXTENTS
    | incompat::WIDE
    | incompat::FLEX_BG
    | incompat::EA_INODE
    | incompat::CHECKSUM_SEED
    | incompat::LARGE_DIR;

/// What the superblock says of the rest of the disk.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) block_bytes: usize,
    pub(super) blocks: u32,
    pub(super) groups: u32,
    pub(super) descriptor_bytes: usize,
    /// Where the group descriptors start, in bytes.
    pub(super) descriptors_at: u64,
    /// The seed of metadata checksums, if there are any.
    pub(super) checksum_seed: Option<u32>,
    pub(super) facts: Facts,
}

impl Shape {
    /// What the superblock says, as far as it can be true of a file of `file_bytes`. Numbers of blocks have 32 bits, so there are half a million groups at most.
    pub(super) fn decode(bytes: &[u8; SUPERBLOCK_BYTES], file_bytes: u64) -> Result<Self, ReadError> {
        let facts = Facts::decode(bytes).filter(|facts| {
            usize::from(facts.inode_bytes) == INODE_BYTES
                && facts.block_size_log2_kib <= MAX_BLOCK_SIZE_LOG2
                && facts.inodes_per_group > 0
        });
        let facts = facts.ok_or(damaged("it has no superblock, or that of another kind of disk"))?;
        if facts.incompat & !UNDERSTOOD != 0 {
            return Err(damaged("it has features that no container's disk has"));
        }
        let blocks = u32::try_from(facts.blocks).map_err(|_| damaged("it has more than 2^32 blocks"))?;
        let block_bytes = 1024 << facts.block_size_log2_kib;
        let is_wide = facts.incompat & incompat::WIDE != 0;
        let descriptor_bytes = match is_wide {
            true => usize::from(facts.descriptor_bytes),
            false => DESCRIPTOR_BYTES,
        };
        if is_wide && !WIDE_DESCRIPTOR_BYTES.contains(&descriptor_bytes) {
            return Err(damaged("its group descriptors have an impossible size"));
        }
        // What a machine cannot do: the file is as large as the disk that it was given.
        if u64::from(blocks) * block_bytes as u64 > file_bytes {
            return Err(damaged("it says that it is larger than it is"));
        }
        // One bit for each block in a bitmap of one block.
        let blocks_per_group = 8 * block_bytes as u32;
        let groups = blocks.saturating_sub(facts.first_data_block).div_ceil(blocks_per_group);
        let is_divided = facts.blocks_per_group == blocks_per_group
            && facts.inodes_per_group <= blocks_per_group
            && u64::from(groups) * u64::from(facts.inodes_per_group) == u64::from(facts.inodes);
        if !is_divided {
            return Err(damaged(
                "it is not divided into as many groups as its blocks and inodes need",
            ));
        }
        Ok(Self {
            block_bytes,
            blocks,
            groups,
            descriptor_bytes,
            descriptors_at: (u64::from(facts.first_data_block) + 1) * block_bytes as u64,
            checksum_seed: facts.checksum_seed(),
            facts,
        })
    }

    /// Compares the superblock's own checksum, if it has one.
    pub(super) fn verify(&self) -> Result<(), ReadError> {
        match self.facts.is_whole() {
            true => Ok(()),
            false => Err(damaged("the checksum of its superblock is wrong")),
        }
    }
}
