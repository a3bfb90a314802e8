//! How many groups a disk has and where their bitmaps and inode tables go.

use crate::disk::block_size::BlockSize;

/// Blocks that even a group with nothing but inodes must have: a byte's worth in the bitmap.
const MIN_GROUP_BLOCKS: u64 = 8;

/// The shape of a finished disk. Bitmaps and tables are one run behind everything else: block bitmaps, inode bitmaps, inode tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) block_size: BlockSize,
    pub(super) groups: u32,
    /// Blocks of the whole disk, also those before the first group.
    pub(super) blocks: u64,
    pub(super) inodes_per_group: u32,
    /// First block of the run.
    pub(super) bitmaps_at: u64,
}

impl Geometry {
    /// The smallest disk with its data in the blocks before `data_end` and `inodes` inodes, reserved ones included.
    pub(super) fn fit(block_size: BlockSize, data_end: u64, inodes: u32) -> Self {
        let per_group = u64::from(block_size.per_group());
        let mut groups = inodes.div_ceil(block_size.per_group()).max(1);
        loop {
            let inodes_per_group = inodes
                .div_ceil(groups)
                .next_multiple_of(block_size.inodes_per_block().max(8));
            let shape = Self {
                block_size,
                groups,
                blocks: 0,
                inodes_per_group,
                bitmaps_at: data_end,
            };
            // Many inodes with little data need groups that hold nothing else.
            let blocks = shape.tables_end().max(shape.group_start(groups - 1) + MIN_GROUP_BLOCKS);
            let needed = (blocks - block_size.first_data_block()).div_ceil(per_group) as u32;
            if needed <= groups {
                return Self { blocks, ..shape };
            }
            groups = needed;
        }
    }

    /// A disk of exactly so many blocks, with its data in those before `data_end`.
    pub(super) fn with_room(block_size: BlockSize, data_end: u64, blocks: u64, inodes_per_group: u32) -> Self {
        let groups = (blocks - block_size.first_data_block()).div_ceil(block_size.per_group().into());
        Self {
            block_size,
            groups: groups as u32,
            blocks,
            inodes_per_group,
            bitmaps_at: data_end,
        }
    }

    /// The first block of a group.
    pub(super) fn group_start(&self, group: u32) -> u64 {
        self.block_size.first_data_block() + u64::from(group) * u64::from(self.block_size.per_group())
    }

    pub(super) fn table_blocks(&self) -> u32 {
        self.inodes_per_group / self.block_size.inodes_per_block()
    }

    pub(super) fn tables_at(&self) -> u64 {
        self.bitmaps_at + 2 * u64::from(self.groups)
    }

    pub(super) fn tables_end(&self) -> u64 {
        self.tables_at() + u64::from(self.groups) * u64::from(self.table_blocks())
    }

    /// Blocks of the last group may end early.
    pub(super) fn group_blocks(&self, group: u32) -> u64 {
        (self.blocks - self.group_start(group)).min(u64::from(self.block_size.per_group()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_holds_what_it_must() {
        for block_size in [BlockSize::Kib1, BlockSize::Kib4] {
            for data_end in [2, 100, 8_190, 8_193, 32_700, 32_768, 65_000, 1_000_000] {
                for inodes in [11, 1_000, 40_000, 4_000_000] {
                    let shape = Geometry::fit(block_size, data_end, inodes);
                    assert!(u64::from(shape.inodes_per_group) * u64::from(shape.groups) >= u64::from(inodes));
                    assert!(shape.inodes_per_group <= block_size.per_group());
                    let last = shape.groups - 1;
                    assert!((8..=u64::from(block_size.per_group())).contains(&shape.group_blocks(last)));
                    assert_eq!(shape.group_start(last) + shape.group_blocks(last), shape.blocks);
                    assert!(shape.tables_end() <= shape.blocks);
                }
            }
        }
    }
}
