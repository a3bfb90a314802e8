//! How many groups a disk has and where their bitmaps and inode tables go.

use crate::disk::{BLOCKS_PER_GROUP, INODES_PER_BLOCK, MAX_INODES_PER_GROUP};

/// The shape of a finished disk. Bitmaps and tables are one run behind everything else: block bitmaps, inode bitmaps, inode tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) groups: u32,
    pub(super) blocks: u64,
    pub(super) inodes_per_group: u32,
    /// First block of the run.
    pub(super) bitmaps_at: u64,
}

impl Geometry {
    /// The smallest disk with its data in the blocks before `data_end` and `inodes` inodes, reserved ones included.
    pub(super) fn fit(data_end: u64, inodes: u32) -> Self {
        let mut groups = inodes.div_ceil(MAX_INODES_PER_GROUP).max(1);
        loop {
            let inodes_per_group = inodes.div_ceil(groups).next_multiple_of(INODES_PER_BLOCK);
            let shape = Self {
                groups,
                blocks: 0,
                inodes_per_group,
                bitmaps_at: data_end,
            };
            let used = shape.tables_at() + u64::from(groups) * u64::from(shape.table_blocks());
            // Many inodes with little data need groups that hold nothing else; the last one has a byte's worth of blocks.
            let blocks = used.max(u64::from(groups - 1) * BLOCKS_PER_GROUP + 8);
            let needed = blocks.div_ceil(BLOCKS_PER_GROUP) as u32;
            if needed <= groups {
                return Self { blocks, ..shape };
            }
            groups = needed;
        }
    }

    pub(super) fn table_blocks(&self) -> u32 {
        self.inodes_per_group / INODES_PER_BLOCK
    }

    pub(super) fn tables_at(&self) -> u64 {
        self.bitmaps_at + 2 * u64::from(self.groups)
    }

    /// Blocks of the last group may end early.
    pub(super) fn group_blocks(&self, group: u32) -> u64 {
        (self.blocks - u64::from(group) * BLOCKS_PER_GROUP).min(BLOCKS_PER_GROUP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_holds_what_it_must() {
        for data_end in [2, 100, 32_700, 32_768, 65_000, 1_000_000] {
            for inodes in [11, 1_000, 40_000, 4_000_000] {
                let shape = Geometry::fit(data_end, inodes);
                assert!(u64::from(shape.inodes_per_group) * u64::from(shape.groups) >= u64::from(inodes));
                assert!(shape.inodes_per_group <= MAX_INODES_PER_GROUP);
                assert_eq!(shape.blocks.div_ceil(BLOCKS_PER_GROUP), u64::from(shape.groups));
                assert!(shape.tables_at() + u64::from(shape.groups * shape.table_blocks()) <= shape.blocks);
            }
        }
    }
}
