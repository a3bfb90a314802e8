//! Where the blocks of a file are.

use super::{Node, Reader, damaged};
use crate::disk::checksum::crc32c;
use crate::disk::extent::Extent;
use crate::disk::get::{u16_at, u32_at};
use crate::disk::inode::flags;
use crate::error::ReadError;

/// EXT4_EXT_MAGIC
const EXTENT_MAGIC: u16 = 0xf30a;
/// Levels of an extent tree below its root, as the kernel has them at most.
const MAX_DEPTH: u16 = 5;
const HEADER_BYTES: usize = 12;
const ENTRY_BYTES: usize = 12;
/// EXT_INIT_MAX_LEN: longer ones are blocks that were never written to, which read as zeros; what is beyond this is their length.
const MAX_WRITTEN: u16 = 32_768;

/// A walk through the extents of a file in their order.
struct Walk<'a, F> {
    reader: &'a Reader,
    /// The seed of the checksums of the blocks of the tree.
    seed: Option<u32>,
    /// The first block of the file that no extent has covered yet. It only grows, so that a tree that contains itself comes to an end.
    next_logical: u64,
    /// How many more blocks a file can have on this disk, where no two parts of one share any.
    blocks_left: u32,
    each: F,
}

impl Reader {
    /// Hands out the extents of a node that hold data, in the order of the file.
    pub(super) fn each_extent<E: From<ReadError>>(
        &self,
        node: &Node,
        each: impl FnMut(Extent) -> Result<(), E>,
    ) -> Result<(), E> {
        if node.flags() & flags::EXTENTS == 0 {
            return match node.map().iter().any(|byte| *byte != 0) {
                true => Err(damaged("a file has a map of blocks from before EXT4").into()),
                false => Ok(()),
            };
        }
        let mut walk = Walk {
            reader: self,
            seed: self.seed_of(node),
            next_logical: 0,
            blocks_left: self.blocks(),
            each,
        };
        walk.node(node.map(), MAX_DEPTH)
    }
}

impl<F> Walk<'_, F> {
    fn node<E: From<ReadError>>(&mut self, map: &[u8], depth_left: u16) -> Result<(), E>
    where
        F: FnMut(Extent) -> Result<(), E>,
    {
        let (entries, depth) = (usize::from(u16_at(map, 2)), u16_at(map, 6));
        let is_valid =
            u16_at(map, 0) == EXTENT_MAGIC && depth <= depth_left && HEADER_BYTES + entries * ENTRY_BYTES <= map.len();
        if !is_valid {
            return Err(damaged("the map of a file's blocks is none").into());
        }
        let mut block = Vec::new();
        for entry in map[HEADER_BYTES..].chunks_exact(ENTRY_BYTES).take(entries) {
            if depth == 0 {
                self.leaf(entry)?;
                continue;
            }
            block.resize(self.reader.block_bytes(), 0);
            self.reader.read_block(u32_at(entry, 4), &mut block)?;
            self.verify(&block)?;
            if u16_at(&block, 2) == 0 {
                return Err(damaged("a part of the map of a file's blocks is empty").into());
            }
            // A level that does not come nearer to the leaves would never end.
            self.node(&block, depth - 1)?;
        }
        Ok(())
    }

    fn leaf<E: From<ReadError>>(&mut self, entry: &[u8]) -> Result<(), E>
    where
        F: FnMut(Extent) -> Result<(), E>,
    {
        let length = u16_at(entry, 4);
        let is_written = length <= MAX_WRITTEN;
        let extent = Extent {
            logical: u32_at(entry, 0),
            physical: u32_at(entry, 8),
            count: u32::from(if is_written { length } else { length - MAX_WRITTEN }),
        };
        if u64::from(extent.logical) < self.next_logical || extent.count == 0 {
            return Err(damaged("the pieces of a file overlap").into());
        }
        self.next_logical = u64::from(extent.logical) + u64::from(extent.count);
        let blocks_left = self.blocks_left.checked_sub(extent.count);
        self.blocks_left = blocks_left.ok_or(damaged("a file has more blocks than the disk"))?;
        let end = extent.physical.checked_add(extent.count);
        if u16_at(entry, 6) != 0 || end.is_none_or(|end| end > self.reader.blocks()) {
            return Err(damaged("a file has blocks that are not on it").into());
        }
        if is_written { (self.each)(extent) } else { Ok(()) }
    }

    /// Compares the checksum of a block of the tree, which follows the room for entries.
    fn verify(&self, block: &[u8]) -> Result<(), ReadError> {
        let Some(seed) = self.seed else {
            return Ok(());
        };
        let tail = HEADER_BYTES + usize::from(u16_at(block, 4)) * ENTRY_BYTES;
        match block.get(..tail) {
            Some(summed) if tail + 4 <= block.len() && crc32c(seed, summed) == u32_at(block, tail) => Ok(()),
            _ => Err(damaged("the checksum of the map of a file's blocks is wrong")),
        }
    }
}
