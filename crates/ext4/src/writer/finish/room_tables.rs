//! Bitmaps, descriptors and inode tables of a disk with free space. Those of groups that nothing is in stay holes of the file, however large the disk.

use std::io::{Seek, Write};
use std::ops::Range;

use super::{Collected, descriptor_blocks};
use crate::disk::bitmap::Bitmap;
use crate::disk::checksum::crc32c;
use crate::disk::group::{GroupDescriptor, flags};
use crate::error::WriteError;
use crate::writer::Writer;
use crate::writer::geometry::Geometry;

impl<W: Write + Seek> Writer<W> {
    /// Writes bitmaps and tables and returns the descriptors.
    pub(super) fn write_tables_with_room(
        &mut self,
        shape: &Geometry,
        collected: &Collected,
    ) -> Result<Vec<GroupDescriptor>, WriteError> {
        let inodes = shape.groups * shape.inodes_per_group;
        if collected.end_inode() - 1 > inodes {
            return Err(WriteError::TooManyEntries { limit: inodes });
        }
        let seed = self.checksum_seed.unwrap_or_default();
        let directories = self.directories_per_group(shape);
        let mut groups = Vec::with_capacity(shape.groups as usize);
        for (group, directories) in (0..shape.groups).zip(directories) {
            let used_inodes = used_inodes(shape, collected, group);
            let free_inodes = shape.inodes_per_group - used_inodes;
            let block_bitmap = shape.bitmaps_at + u64::from(group);
            let mut descriptor = GroupDescriptor {
                block_bitmap: block_bitmap as u32,
                inode_bitmap: (shape.bitmaps_at + u64::from(shape.groups + group)) as u32,
                inode_table: (shape.tables_at() + u64::from(group) * u64::from(shape.table_blocks())) as u32,
                free_blocks: shape.group_blocks(group) as u32,
                free_inodes,
                directories,
                flags: flags::INODE_ZEROED,
                unused_inodes: free_inodes,
                ..GroupDescriptor::default()
            };
            // A bitmap that is left to be computed means that nothing is in the group. That of the last one may not be.
            let is_untouched = shape.group_start(group) >= shape.tables_end() && group + 1 < shape.groups;
            if used_inodes == 0 {
                descriptor.flags |= flags::INODE_UNINIT;
            }
            if used_inodes == 0 && is_untouched {
                descriptor.flags |= flags::BLOCK_UNINIT;
            } else {
                let bitmap = self.block_bitmap_of(shape, group);
                descriptor.free_blocks -= bitmap.used(0..shape.group_blocks(group) as usize);
                descriptor.block_bitmap_checksum = crc32c(seed, bitmap.as_bytes());
                self.sink.skip_to(block_bitmap)?;
                self.sink.append(bitmap.as_bytes())?;
            }
            groups.push(descriptor);
        }
        for (group, descriptor) in (0..shape.groups).zip(&mut groups) {
            if descriptor.flags & flags::INODE_UNINIT == 0 {
                let end = shape.block_size.per_group() as usize;
                let mut bitmap = Bitmap::new(end);
                bitmap.fill(0..used_inodes(shape, collected, group) as usize, true);
                bitmap.fill(shape.inodes_per_group as usize..end, true);
                let in_use = &bitmap.as_bytes()[..shape.inodes_per_group as usize / 8];
                descriptor.inode_bitmap_checksum = crc32c(seed, in_use);
                self.sink.skip_to(descriptor.inode_bitmap.into())?;
                self.sink.append(bitmap.as_bytes())?;
            }
        }
        self.sink.skip_to(shape.tables_at())?;
        self.write_inodes(collected)?;
        Ok(groups)
    }

    /// The block bitmap of one group.
    fn block_bitmap_of(&self, shape: &Geometry, group: u32) -> Bitmap {
        let end = shape.block_size.per_group() as usize;
        let start = shape.group_start(group);
        let within = |range: Range<u64>| -> Range<usize> {
            let bit = |block: u64| block.saturating_sub(start).min(end as u64) as usize;
            bit(range.start)..bit(range.end)
        };
        let mut bitmap = Bitmap::new(end);
        let first = shape.block_size.first_data_block();
        let head_end = first + 1 + descriptor_blocks(shape.groups, shape.block_size) as u64;
        bitmap.fill(within(first..head_end), true);
        let content_at = self.journal.map_or(self.first_block, |journal| journal.start.into());
        bitmap.fill(within(content_at..shape.tables_end()), true);
        for range in self.tree.freed() {
            bitmap.fill(within(range.start.into()..range.end().into()), false);
        }
        // Bits beyond the end of the disk are set.
        bitmap.fill(within(shape.blocks..u64::MAX), true);
        bitmap
    }
}

/// Inodes in use in a group. They are numbered without gaps.
fn used_inodes(shape: &Geometry, collected: &Collected, group: u32) -> u32 {
    let before = u64::from(group) * u64::from(shape.inodes_per_group);
    let used = u64::from(collected.end_inode() - 1).saturating_sub(before);
    used.min(shape.inodes_per_group.into()) as u32
}
