//! Bitmaps, descriptors and inode tables.

use std::io::{Seek, Write};

use super::inodes::{encode, inode_of_journal, inode_of_value};
use super::{Collected, descriptor_blocks};
use crate::disk::bitmap::Bitmap;
use crate::disk::group::GroupDescriptor;
use crate::disk::{FIRST_INODE, INODE_BYTES, JOURNAL_INODE, ROOT_INODE};
use crate::error::WriteError;
use crate::tree::Kind;
use crate::writer::Writer;
use crate::writer::geometry::Geometry;

impl<W: Write + Seek> Writer<W> {
    /// Writes bitmaps and tables and returns the descriptors.
    pub(super) fn write_tables(
        &mut self,
        shape: &Geometry,
        collected: &Collected,
    ) -> Result<Vec<GroupDescriptor>, WriteError> {
        let per_group = shape.block_size.per_group() as usize;
        let blocks = self.block_bitmap(shape);
        let mut inodes = Bitmap::new(shape.groups as usize * per_group);
        let directories = self.directories_per_group(shape);
        let mut groups = Vec::with_capacity(shape.groups as usize);
        for (group, directories) in (0..shape.groups).zip(directories) {
            let first_bit = group as usize * per_group;
            let first_inode = group * shape.inodes_per_group;
            let used_inodes = (collected.end_inode() - 1)
                .saturating_sub(first_inode)
                .min(shape.inodes_per_group);
            inodes.fill(first_bit..first_bit + per_group, true);
            inodes.fill(
                first_bit + used_inodes as usize..first_bit + shape.inodes_per_group as usize,
                false,
            );
            let group_blocks = shape.group_blocks(group) as u32;
            groups.push(GroupDescriptor {
                block_bitmap: (shape.bitmaps_at + u64::from(group)) as u32,
                inode_bitmap: (shape.bitmaps_at + u64::from(shape.groups + group)) as u32,
                inode_table: (shape.tables_at() + u64::from(group) * u64::from(shape.table_blocks())) as u32,
                free_blocks: group_blocks - blocks.used(first_bit..first_bit + group_blocks as usize),
                free_inodes: shape.inodes_per_group - used_inodes,
                directories,
                ..GroupDescriptor::default()
            });
        }
        self.sink.append(blocks.as_bytes())?;
        self.sink.append(inodes.as_bytes())?;
        self.write_inodes(collected)?;
        Ok(groups)
    }

    pub(super) fn directories_per_group(&self, shape: &Geometry) -> Vec<u32> {
        let mut directories = vec![0; shape.groups as usize];
        for entry in self.tree.entries().iter().filter(|entry| entry.kind == Kind::Directory) {
            directories[((entry.hash_or_inode - 1) / shape.inodes_per_group) as usize] += 1;
        }
        directories
    }

    fn block_bitmap(&self, shape: &Geometry) -> Bitmap {
        // The first bit stands for the first block of the first group.
        let bit = |block: u64| (block - shape.block_size.first_data_block()) as usize;
        let end = shape.groups as usize * shape.block_size.per_group() as usize;
        let mut bitmap = Bitmap::new(end);
        bitmap.fill(0..1 + descriptor_blocks(shape.groups, shape.block_size), true);
        bitmap.fill(bit(self.first_block)..bit(shape.tables_end()), true);
        for range in self.tree.freed() {
            bitmap.fill(bit(range.start.into())..bit(range.end().into()), false);
        }
        // Bits beyond the end of the disk are set.
        bitmap.fill(bit(shape.blocks)..end, true);
        bitmap
    }

    /// Writes the inodes in use. The rest of the last table, and what follows, stays a hole.
    pub(super) fn write_inodes(&mut self, collected: &Collected) -> Result<(), WriteError> {
        let nodes = u64::from(collected.first_value_inode - FIRST_INODE);
        let mut at = collected.inodes_at;
        let mut inode = [0; INODE_BYTES];
        for number in 1..FIRST_INODE {
            match number {
                ROOT_INODE => {
                    self.tree.scratch.read(at, &mut inode)?;
                    self.sink.push(&inode);
                }
                JOURNAL_INODE => {
                    let journal = self
                        .journal
                        .map(|journal| inode_of_journal(journal, self.options.block_size));
                    let journal = journal.map(|inode| encode(&inode, self.checksum_seed, number));
                    self.sink.push(&journal.unwrap_or([0; INODE_BYTES]));
                }
                _ => self.sink.push(&[0; INODE_BYTES]),
            }
        }
        for _ in 0..nodes {
            at += INODE_BYTES as u64;
            self.tree.scratch.read(at, &mut inode)?;
            self.sink.push(&inode);
            self.sink.settle()?;
        }
        for (number, value) in (collected.first_value_inode..).zip(&collected.values) {
            let inode = inode_of_value(value, self.options.block_size);
            self.sink.push(&encode(&inode, self.checksum_seed, number));
            self.sink.settle()?;
        }
        self.sink.pad();
        self.sink.settle()
    }
}
