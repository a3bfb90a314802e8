//! Bitmaps, descriptors and inode tables.

use std::io::{Seek, Write};

use super::inodes::{encode_node, encode_value};
use super::{Collected, descriptor_blocks, group_start};
use crate::disk::bitmap::Bitmap;
use crate::disk::group::GroupDescriptor;
use crate::disk::{FIRST_INODE, INODE_BYTES, ROOT_INODE};
use crate::error::WriteError;
use crate::tree::Content;
use crate::writer::Writer;
use crate::writer::geometry::Geometry;

impl<W: Write + Seek> Writer<W> {
    /// Writes bitmaps and tables and returns the descriptors.
    pub(super) fn write_tables(
        &mut self,
        shape: &Geometry,
        collected: &Collected,
    ) -> Result<Vec<GroupDescriptor>, WriteError> {
        let blocks = self.block_bitmap(shape);
        let mut inodes = Bitmap::new(shape.groups as usize);
        let mut directories = vec![0; shape.groups as usize];
        for (node, inode) in self.tree.nodes().iter().zip(&collected.inodes) {
            if matches!(node.content, Content::Directory(_)) {
                directories[((inode - 1) / shape.inodes_per_group) as usize] += 1;
            }
        }
        let mut groups = Vec::with_capacity(shape.groups as usize);
        for group in 0..shape.groups {
            let first_bit = group_start(group);
            let first_inode = group * shape.inodes_per_group;
            let used_inodes = (collected.end_inode - 1)
                .saturating_sub(first_inode)
                .min(shape.inodes_per_group);
            let free_inodes = shape.inodes_per_group - used_inodes;
            inodes.fill(first_bit..group_start(group + 1), true);
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
                free_inodes,
                directories: directories[group as usize],
                ..GroupDescriptor::default()
            });
        }
        self.sink.append(blocks.as_bytes())?;
        self.sink.append(inodes.as_bytes())?;
        self.write_inodes(collected)?;
        Ok(groups)
    }

    fn block_bitmap(&self, shape: &Geometry) -> Bitmap {
        let mut bitmap = Bitmap::new(shape.groups as usize);
        let tables_end = shape.tables_at() + u64::from(shape.groups) * u64::from(shape.table_blocks());
        bitmap.fill(0..1 + descriptor_blocks(shape.groups), true);
        bitmap.fill(self.first_block as usize..tables_end as usize, true);
        for range in self.tree.freed() {
            bitmap.fill(range.start as usize..range.end() as usize, false);
        }
        // Bits beyond the end of the disk are set.
        bitmap.fill(shape.blocks as usize..group_start(shape.groups), true);
        bitmap
    }

    /// Writes the inodes in use. The rest of the last table, and what follows, stays a hole.
    fn write_inodes(&mut self, collected: &Collected) -> Result<(), WriteError> {
        for inode in 1..FIRST_INODE {
            let bytes = match (inode, self.tree.nodes().first()) {
                (ROOT_INODE, Some(root)) => {
                    encode_node(root, collected.stored.first().and_then(Option::as_deref), &self.tree)
                }
                _ => [0; INODE_BYTES],
            };
            self.sink.push(&bytes);
        }
        let nodes = self.tree.nodes().iter().zip(&collected.stored).skip(1);
        for (node, stored) in nodes.filter(|(node, _)| !matches!(node.content, Content::Removed)) {
            self.sink.push(&encode_node(node, stored.as_deref(), &self.tree));
            self.sink.settle()?;
        }
        for value in &collected.values {
            self.sink.push(&encode_value(value));
            self.sink.settle()?;
        }
        self.sink.pad();
        self.sink.settle()
    }
}
