//! Reads disks: those that [`Writer`](crate::Writer) made, and those that Linux has written to since they were formatted.
//!
//! A disk that was not unmounted is shown as its journal leaves it, which is replayed in memory; the image file is only ever read. Inodes without a name,
//! which the kernel removes when it mounts such a disk, are not met by who goes by names.
//!
//! A hostile machine may have written the disk. Damage gives [`ReadError::Damaged`] or other content, and does not make the reader panic, run without end or
//! take more memory than a directory of [`Names::MAX_BYTES`] does. Checksums are compared where the disk has them. What names lead to may be a directory that
//! was met before: whoever walks through a tree has to bound that.

mod content;
mod extents;
mod image;
mod journal;
mod names;
mod node;
mod shape;
mod xattrs;

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::disk::checksum::crc32c;
use crate::disk::get::{u16_at, u32_at};
use crate::disk::inode::inode_seed;
use crate::disk::superblock::SUPERBLOCK_BYTES;
use crate::disk::{INODE_BYTES, ROOT_INODE};
use crate::error::ReadError;
use image::Image;
use shape::Shape;

pub use content::Piece;
pub use names::Names;
pub use node::{Node, NodeKind};

/// Group descriptors that are read at a time.
const DESCRIPTORS_AT_A_TIME: usize = 1024;

/// A disk that is open for reading. In memory are the places of its inode tables and those of blocks in a journal that is to be replayed.
#[derive(Debug)]
pub struct Reader {
    image: Image,
    shape: Shape,
    /// The first block of each group's inode table.
    tables: Vec<u32>,
}

/// What a disk is, besides its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Volume {
    /// Size of the file system.
    pub size_bytes: u64,
    /// Identity of the file system.
    pub uuid: [u8; 16],
    /// Label, filled up with zeros.
    pub label: [u8; 16],
    /// Size of its journal, `None` without one.
    pub journal_bytes: Option<u64>,
    /// "s_default_mount_opts", ext4(5).
    pub default_mount_options: u32,
    /// When it was made, in seconds since 1970.
    pub made_seconds: u32,
    /// When it was last mounted writable, in seconds since 1970; 0 for never.
    pub mounted_seconds: u32,
}

impl Reader {
    /// Opens the disk in `file`, which nothing writes to meanwhile.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn open(file: File) -> Result<Self, ReadError> {
        let mut superblock = [0; SUPERBLOCK_BYTES];
        file.read_exact_at(&mut superblock, SUPERBLOCK_BYTES as u64)?;
        let file_bytes = file.metadata()?.len();
        let shape = Shape::decode(&superblock, file_bytes)?;
        let mut reader = Self {
            image: Image::new(file, shape.block_bytes),
            tables: Vec::new(),
            shape,
        };
        if reader.shape.facts.needs_recovery() {
            reader.tables = reader.read_tables()?;
            let logged = journal::replay(&reader, reader.shape.facts.journal_inode)?;
            reader.image.replay(logged);
            reader.image.read(SUPERBLOCK_BYTES as u64, &mut superblock)?;
            let replayed = Shape::decode(&superblock, file_bytes)?;
            if replayed.block_bytes != reader.shape.block_bytes {
                return Err(damaged("its journal changes the size of blocks"));
            }
            reader.shape = replayed;
        }
        reader.shape.verify()?;
        reader.tables = reader.read_tables()?;
        Ok(reader)
    }

    fn read_tables(&self) -> Result<Vec<u32>, ReadError> {
        let (groups, descriptor_bytes) = (self.shape.groups as usize, self.shape.descriptor_bytes);
        let mut tables = Vec::with_capacity(groups);
        let mut piece = vec![0; DESCRIPTORS_AT_A_TIME.min(groups) * descriptor_bytes];
        let mut at = self.shape.descriptors_at;
        while tables.len() < groups {
            piece.truncate((groups - tables.len()) * descriptor_bytes);
            self.image.read(at, &mut piece)?;
            for descriptor in piece.chunks_exact(descriptor_bytes) {
                tables.push(self.table_of(tables.len() as u32, descriptor)?);
            }
            at += piece.len() as u64;
        }
        Ok(tables)
    }

    /// Where the inode table of a group starts.
    fn table_of(&self, group: u32, descriptor: &[u8]) -> Result<u32, ReadError> {
        if let Some(seed) = self.shape.checksum_seed {
            let sum = crc32c(crc32c(seed, &group.to_le_bytes()), &descriptor[..0x1e]);
            let sum = crc32c(crc32c(sum, &[0; 2]), &descriptor[0x20..]);
            if sum as u16 != u16_at(descriptor, 0x1e) {
                return Err(damaged("the checksum of a group is wrong"));
            }
        }
        Ok(u32_at(descriptor, 8))
    }

    /// Size of the file system.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        u64::from(self.shape.blocks) * self.shape.block_bytes as u64
    }

    /// What the disk is.
    ///
    /// # Errors
    /// [`ReadError`] about the journal's inode.
    pub fn volume(&self) -> Result<Volume, ReadError> {
        let journal_bytes = match self.shape.facts.journal_inode {
            0 => None,
            inode => Some(self.node(inode)?.size_bytes()),
        };
        Ok(Volume {
            size_bytes: self.size_bytes(),
            uuid: self.shape.facts.uuid,
            label: self.shape.facts.label,
            journal_bytes,
            default_mount_options: self.shape.facts.default_mount_options,
            made_seconds: self.shape.facts.made_seconds,
            mounted_seconds: self.shape.facts.mounted_seconds,
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
        let index = number.checked_sub(1).filter(|_| number <= self.shape.facts.inodes);
        let index = index.ok_or(damaged("a name is that of no inode"))?;
        let (group, in_group) = (
            index / self.shape.facts.inodes_per_group,
            index % self.shape.facts.inodes_per_group,
        );
        let table = self.tables.get(group as usize).copied();
        let table = table.ok_or(damaged("an inode is in no group"))?;
        let at = u64::from(table) * self.block_bytes() as u64 + u64::from(in_group) * INODE_BYTES as u64;
        let mut bytes = [0; INODE_BYTES];
        self.image.read(at, &mut bytes)?;
        let node = Node::decode(number, bytes)?;
        match self.seed_of(&node) {
            Some(seed) if !node.matches(seed) => Err(damaged("the checksum of an inode is wrong")),
            _ => Ok(node),
        }
    }

    /// The number of inodes, used or not.
    #[must_use]
    pub fn inodes(&self) -> u32 {
        self.shape.facts.inodes
    }

    fn block_bytes(&self) -> usize {
        self.shape.block_bytes
    }

    fn blocks(&self) -> u32 {
        self.shape.blocks
    }

    /// The seed of the checksums of what belongs to `node`.
    fn seed_of(&self, node: &Node) -> Option<u32> {
        let seed = self.shape.checksum_seed?;
        Some(inode_seed(seed, node.number(), node.generation()))
    }

    /// Fills `into` from the start of block `number`.
    fn read_block(&self, number: u32, into: &mut [u8]) -> Result<(), ReadError> {
        if number >= self.shape.blocks {
            return Err(damaged("a block is not on it"));
        }
        let at = u64::from(number) * self.shape.block_bytes as u64;
        self.image.read(at, into)
    }
}

fn damaged(what: &'static str) -> ReadError {
    ReadError::Damaged { what }
}
