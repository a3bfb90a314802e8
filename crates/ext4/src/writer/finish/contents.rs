//! Numbers inodes, writes what nodes have besides their inode (directory blocks, long link targets, attributes), and makes the inodes.
//!
//! Inodes go to the scratch file: where their tables will be is known only when everything else has been written.

use std::io::{Seek, Write};

use super::Collected;
use super::inodes::{Attributes, encode, inode_of_node};
use crate::disk::superblock::{Superblock, checksum_seed};
use crate::disk::xattr::put_block_checksum;
use crate::disk::{FIRST_INODE, ROOT_INODE};
use crate::error::WriteError;
use crate::tree::{Content, Kind, NodeId, Record};
use crate::writer::Writer;
use crate::writer::xattrs::write_xattrs;

/// The longest link target that fits the inode is one byte shorter.
const INLINE_SYMLINK_BYTES: usize = 60;

impl<W: Write + Seek> Writer<W> {
    pub(super) fn write_contents(&mut self, superblock: &Superblock) -> Result<Collected, WriteError> {
        self.tree.drop_orphans()?;
        let mut collected = Collected {
            first_value_inode: self.tree.number(ROOT_INODE, FIRST_INODE),
            inodes_at: self.tree.scratch.end(),
            ..Collected::default()
        };
        let by_parent = self.entries_by_parent();
        let mut rest = by_parent.as_slice();
        for index in 0..self.tree.made() {
            let id = NodeId::from_index(index);
            let entry = self.tree.entry(id);
            if matches!(entry.kind, Kind::Removed | Kind::HardLink) {
                continue;
            }
            let mut record = self.tree.record(id)?;
            let stored = match &record.content {
                Content::Directory => {
                    let end = rest.partition_point(|child| self.tree.entry(*child).parent == id);
                    let (children, others) = rest.split_at(end);
                    rest = others;
                    let subdirectories = children.iter().filter(|child| self.tree.is_directory(**child)).count();
                    record.names = 2 + subdirectories as u32;
                    Some(self.write_directory(id, children, superblock.hash_seed, &mut collected)?)
                }
                Content::Symlink(target) if target.len() >= INLINE_SYMLINK_BYTES => {
                    Some(self.append_content(id, target)?)
                }
                _ => None,
            };
            let attributes = self.write_attributes(&record, superblock, &mut collected)?;
            let inode = inode_of_node(&record, entry, stored.as_ref(), &attributes, self.options.block_size);
            let inode = encode(&inode, self.checksum_seed, entry.hash_or_inode);
            self.tree.scratch.append(&[&inode])?;
        }
        Ok(collected)
    }

    /// All names but the root's, those of one directory together, in the order in which they came.
    fn entries_by_parent(&self) -> Vec<NodeId> {
        let mut entries: Vec<NodeId> = (1..self.tree.made())
            .map(NodeId::from_index)
            .filter(|id| self.tree.entry(*id).is_named())
            .collect();
        entries.sort_unstable_by_key(|id| (self.tree.entry(*id).parent, *id));
        entries
    }

    fn write_attributes(
        &mut self,
        record: &Record,
        superblock: &Superblock,
        collected: &mut Collected,
    ) -> Result<Attributes, WriteError> {
        if record.xattrs_bytes == 0 {
            return Ok(Attributes::default());
        }
        let xattrs = self.tree.metadata(record)?.xattrs;
        let earlier_values = collected.values.len();
        let placed = write_xattrs(
            &mut self.sink,
            &xattrs,
            checksum_seed(&superblock.uuid),
            collected.first_value_inode,
            &mut collected.values,
        )?;
        let value_blocks: u32 = collected.values[earlier_values..]
            .iter()
            .map(|value| value.range.count)
            .sum();
        let block = match placed.block {
            Some(mut block) => {
                let number = self.sink.next_block();
                if let Some(seed) = self.checksum_seed {
                    put_block_checksum(&mut block, seed, number);
                }
                Some(self.sink.append(&block)?.start)
            }
            None => None,
        };
        Ok(Attributes {
            in_inode: placed.in_inode,
            block,
            value_blocks,
        })
    }
}
