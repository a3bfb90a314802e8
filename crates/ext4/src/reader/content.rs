//! Contents of files and targets of links.

use super::{Node, Reader, damaged};
use crate::error::ReadError;

/// Bytes of a file that are read at once.
const READ_BYTES: usize = 1 << 20;
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
        self.each_extent(file, |extent| {
            let start = u64::from(extent.logical) * self.block_bytes() as u64;
            let end = (start + u64::from(extent.count) * self.block_bytes() as u64).min(size_bytes);
            // Blocks may be kept beyond the end of the file.
            if start >= size_bytes {
                return Ok(());
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
                block = block.saturating_add((length / self.block_bytes()) as u32);
            }
            Ok::<_, E>(())
        })?;
        if size_bytes > offset {
            take(Piece::Hole(size_bytes - offset))?;
        }
        Ok(())
    }

    /// Hands out where a regular file has data: offset and length of each part in bytes, in order. The rest of the file is zeros that are not on the disk.
    ///
    /// # Errors
    /// [`ReadError`], and what `take` returns.
    pub fn regions<E: From<ReadError>>(
        &self,
        file: &Node,
        mut take: impl FnMut(u64, u64) -> Result<(), E>,
    ) -> Result<(), E> {
        let size_bytes = file.size_bytes();
        let mut open: Option<(u64, u64)> = None;
        self.each_extent(file, |extent| {
            let start = u64::from(extent.logical) * self.block_bytes() as u64;
            let end = (start + u64::from(extent.count) * self.block_bytes() as u64).min(size_bytes);
            match &mut open {
                _ if start >= size_bytes => {}
                Some((_, open_end)) if *open_end == start => *open_end = end,
                _ => {
                    if let Some((start, end)) = open.replace((start, end)) {
                        take(start, end - start)?;
                    }
                }
            }
            Ok::<_, E>(())
        })?;
        match open {
            Some((start, end)) => take(start, end - start),
            None => Ok(()),
        }
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
}
