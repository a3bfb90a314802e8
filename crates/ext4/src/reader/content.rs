//! Contents of files and targets of links.

use super::bytes::{u16_at, u32_at};
use super::{Node, Reader, damaged};
use crate::disk::extent::Extent;
use crate::error::ReadError;

/// EXT4_EXT_MAGIC
const EXTENT_MAGIC: u16 = 0xf30a;
/// Levels of an extent tree below its root, as the kernel has them at most.
const MAX_DEPTH: u16 = 5;
const HEADER_BYTES: usize = 12;
const ENTRY_BYTES: usize = 12;
/// Bytes of a file that are read at once.
const READ_BYTES: usize = 256 << 10;
/// The longest target that fits the inode is one byte shorter.
const INLINE_SYMLINK_BYTES: u64 = 60;
/// PATH_MAX
const MAX_SYMLINK_BYTES: u64 = 4096;

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// As many zeros, which are not on the disk.
    Hole(u64),
    /// What is there.
    Bytes(&'a [u8]),
}

impl Reader {
    /// Hands out the content of a regular file from its beginning to its end.
    ///
    /// # Errors
    /// [`ReadError`], and what `take` returns.
    pub fn content<E: From<ReadError>>(
        &self,
        file: &Node,
        mut take: impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let size_bytes = file.size_bytes();
        let mut offset = 0;
        let mut buffer = Vec::new();
        for extent in self.extents(file)? {
            let start = u64::from(extent.logical) * self.block_bytes as u64;
            let end = (start + u64::from(extent.count) * self.block_bytes as u64).min(size_bytes);
            if start < offset || end < start {
                return Err(damaged("the pieces of a file overlap").into());
            }
            if start > offset {
                take(Piece::Hole(start - offset))?;
            }
            offset = start;
            let mut block = extent.physical;
            while offset < end {
                let length = (end - offset).min(READ_BYTES as u64) as usize;
                buffer.resize(length, 0);
                self.read_block(block, &mut buffer)?;
                take(Piece::Bytes(&buffer))?;
                offset += length as u64;
                block = block.saturating_add((length / self.block_bytes) as u32);
            }
        }
        if size_bytes > offset {
            take(Piece::Hole(size_bytes - offset))?;
        }
        Ok(())
    }

    /// What a symbolic link says.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn link_target(&self, link: &Node) -> Result<Vec<u8>, ReadError> {
        let size_bytes = link.size_bytes();
        if size_bytes < INLINE_SYMLINK_BYTES {
            return Ok(link.map()[..size_bytes as usize].to_vec());
        }
        if size_bytes > MAX_SYMLINK_BYTES {
            return Err(damaged("a link's target is too long"));
        }
        let mut target = Vec::with_capacity(size_bytes as usize);
        self.content(link, |piece| {
            match piece {
                Piece::Bytes(bytes) => target.extend_from_slice(bytes),
                Piece::Hole(length) => target.resize(target.len() + length as usize, 0),
            }
            Ok::<_, ReadError>(())
        })?;
        Ok(target)
    }

    /// Where the blocks of a node are, in the order of the file.
    pub(super) fn extents(&self, node: &Node) -> Result<Vec<Extent>, ReadError> {
        let mut extents = Vec::new();
        // No file has more pieces than the disk has blocks.
        let mut room = self.blocks;
        self.collect_extents(node.map(), MAX_DEPTH, &mut room, &mut extents)?;
        Ok(extents)
    }

    fn collect_extents(
        &self,
        map: &[u8],
        depth_left: u16,
        room: &mut u32,
        extents: &mut Vec<Extent>,
    ) -> Result<(), ReadError> {
        let (entries, depth) = (usize::from(u16_at(map, 2)), u16_at(map, 6));
        let is_valid =
            u16_at(map, 0) == EXTENT_MAGIC && depth <= depth_left && HEADER_BYTES + entries * ENTRY_BYTES <= map.len();
        if !is_valid {
            return Err(damaged("the map of a file's blocks is none"));
        }
        let mut block = Vec::new();
        for entry in map[HEADER_BYTES..].chunks_exact(ENTRY_BYTES).take(entries) {
            *room = room.checked_sub(1).ok_or(damaged("a file is in too many pieces"))?;
            if depth > 0 {
                block.resize(self.block_bytes, 0);
                self.read_block(u32_at(entry, 4), &mut block)?;
                // A level that does not come nearer to the leaves would never end.
                self.collect_extents(&block, depth - 1, room, extents)?;
                continue;
            }
            let extent = Extent {
                logical: u32_at(entry, 0),
                physical: u32_at(entry, 8),
                count: u32::from(u16_at(entry, 4)),
            };
            if extent
                .physical
                .checked_add(extent.count)
                .is_none_or(|end| end > self.blocks)
            {
                return Err(damaged("a file has blocks that are not on it"));
            }
            extents.push(extent);
        }
        Ok(())
    }
}
