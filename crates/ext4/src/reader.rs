//! Reads disks that [`Writer`](crate::Writer) made: names, inodes, attributes and content.
//!
//! Damage gives [`ReadError::Damaged`] or other content, and does not make the reader panic or run without end: a read-only disk has no checksums.

mod bytes;
mod content;
mod names;
mod node;
mod xattrs;

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::disk::group::DESCRIPTOR_BYTES;
use crate::disk::superblock::SUPERBLOCK_BYTES;
use crate::disk::{INODE_BYTES, ROOT_INODE};
use crate::error::ReadError;
use bytes::{u16_at, u32_at};

pub use content::Piece;
pub use names::Names;
pub use node::{Node, NodeKind};

/// EXT4_SUPER_MAGIC
const MAGIC: u16 = 0xef53;
/// "s_log_block_size" of blocks of 4 KiB.
const MAX_BLOCK_SIZE_LOG2: u32 = 2;

/// A disk that is open for reading. Only the places of its inode tables are kept in memory.
#[derive(Debug)]
pub struct Reader {
    file: File,
    block_bytes: usize,
    blocks: u32,
    inodes: u32,
    inodes_per_group: u32,
    /// The first block of each group's inode table.
    tables: Vec<u32>,
}

impl Reader {
    /// Opens the disk in `file`.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn open(file: File) -> Result<Self, ReadError> {
        let mut superblock = [0; SUPERBLOCK_BYTES];
        file.read_exact_at(&mut superblock, SUPERBLOCK_BYTES as u64)?;
        let log2_kib = u32_at(&superblock, 0x18);
        let (inodes, inodes_per_group) = (u32_at(&superblock, 0), u32_at(&superblock, 0x28));
        let is_ours = u16_at(&superblock, 0x38) == MAGIC
            && usize::from(u16_at(&superblock, 0x58)) == INODE_BYTES
            && log2_kib <= MAX_BLOCK_SIZE_LOG2
            && inodes_per_group > 0;
        if !is_ours {
            return Err(damaged("its superblock is not one of a layer's disk"));
        }
        let block_bytes = 1024 << log2_kib;
        let groups = inodes.div_ceil(inodes_per_group) as usize;
        let descriptors_at = (u64::from(u32_at(&superblock, 0x14)) + 1) * block_bytes as u64;
        if (groups * DESCRIPTOR_BYTES) as u64 > file.metadata()?.len() {
            return Err(damaged("it has more groups than fit it"));
        }
        let mut descriptors = vec![0; groups * DESCRIPTOR_BYTES];
        file.read_exact_at(&mut descriptors, descriptors_at)?;
        let tables = descriptors.chunks_exact(DESCRIPTOR_BYTES);
        Ok(Self {
            file,
            block_bytes,
            blocks: u32_at(&superblock, 4),
            inodes,
            inodes_per_group,
            tables: tables.map(|descriptor| u32_at(descriptor, 8)).collect(),
        })
    }

    /// The root directory.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn root(&self) -> Result<Node, ReadError> {
        self.node(ROOT_INODE)
    }

    /// What inode `number` says, which [`Names`] has given.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn node(&self, number: u32) -> Result<Node, ReadError> {
        let index = number.checked_sub(1).filter(|_| number <= self.inodes);
        let index = index.ok_or(damaged("a name is that of no inode"))?;
        let (group, in_group) = (index / self.inodes_per_group, index % self.inodes_per_group);
        let table = self.tables.get(group as usize).copied();
        let table = table.ok_or(damaged("an inode is in no group"))?;
        let at = u64::from(table) * self.block_bytes as u64 + u64::from(in_group) * INODE_BYTES as u64;
        let mut bytes = [0; INODE_BYTES];
        self.file.read_exact_at(&mut bytes, at)?;
        Node::decode(bytes)
    }

    /// The number of inodes, used or not.
    pub(crate) fn inodes(&self) -> u32 {
        self.inodes
    }

    /// Fills `into` from the start of block `number`.
    fn read_block(&self, number: u32, into: &mut [u8]) -> Result<(), ReadError> {
        if number >= self.blocks {
            return Err(damaged("a block is not on it"));
        }
        let at = u64::from(number) * self.block_bytes as u64;
        Ok(self.file.read_exact_at(into, at)?)
    }
}

fn damaged(what: &'static str) -> ReadError {
    ReadError::Damaged { what }
}
