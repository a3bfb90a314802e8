//! The extents of a file, written to the disk.

use std::io::{Seek, Write};

use super::Writer;
use crate::disk::checksum::crc32c;
use crate::disk::extent::{Extent, ExtentTree, checksum_at};
use crate::disk::inode::inode_seed;
use crate::error::WriteError;
use crate::tree::{Kind, NodeId};

/// A block of a tree of extents whose checksum is not written yet, because it depends on the number of the inode.
#[derive(Debug, Clone, Copy)]
pub(super) struct TreeBlock {
    pub(super) node: NodeId,
    block: u32,
    /// The checksum of the block without that of the inode.
    sum: u32,
}

impl<W: Write + Seek> Writer<W> {
    /// Appends the blocks of the extent tree, if it needs any, and returns the "i_block" of the inode. On a disk with checksums, the blocks are the last ones of
    /// `tree_blocks` then, and not yet known to be those of a node.
    ///
    /// Called right behind the file's data, so that a file with its tree is one run of blocks.
    pub(super) fn write_extents(&mut self, extents: &[Extent]) -> Result<[u8; 60], WriteError> {
        let (block_bytes, first_block) = (self.sink.block_bytes(), self.sink.next_block());
        let tree = ExtentTree::new(extents, block_bytes, first_block);
        self.sink.append(&tree.blocks)?;
        if self.options.room.is_some() {
            let numbered = (first_block..).zip(tree.blocks.chunks_exact(block_bytes));
            self.tree_blocks.extend(numbered.map(|(block, bytes)| TreeBlock {
                node: NodeId::ROOT,
                block,
                sum: crc32c(0, &bytes[..checksum_at(block_bytes)]),
            }));
        }
        Ok(tree.root)
    }

    /// Writes the checksums of the trees' blocks, which are in the file by now, with the seed of the disk's.
    pub(super) fn sum_tree_blocks(&mut self, seed: u32) -> Result<(), WriteError> {
        let block_bytes = self.sink.block_bytes();
        let at = checksum_at(block_bytes);
        let zeros = vec![0; at];
        for tree_block in std::mem::take(&mut self.tree_blocks) {
            let entry = self.tree.entry(tree_block.node);
            if matches!(entry.kind, Kind::Removed | Kind::HardLink) {
                continue;
            }
            // A CRC is linear: what it starts with and what it goes over can be summed apart.
            let start = crc32c(inode_seed(seed, entry.hash_or_inode, 0), &zeros);
            let place = u64::from(tree_block.block) * block_bytes as u64 + at as u64;
            self.sink.write_at(place, &(start ^ tree_block.sum).to_le_bytes())?;
        }
        Ok(())
    }
}
