//! The streaming writer of read-only disks.
//!
//! Layout: superblock, room for the group descriptors, then data as it came, then directories, attributes, bitmaps and inode tables. That order is what allows
//! one pass: nothing in front of the data depends on how much of it there will be. It needs the features flex_bg (bitmaps and tables anywhere) and
//! sparse_super2 (no backup superblocks in the way; a layer disk can be made again from its blob).

mod add;
mod copy;
mod extents;
mod file;
mod finish;
mod frames;
mod geometry;
mod hide;
mod lay;
mod resolve;
mod room;
mod stat;
mod xattrs;

use std::io::{Seek, Write};

use crate::disk::block_range::BlockRange;
use crate::disk::block_size::BlockSize;
use crate::disk::group::DESCRIPTOR_BYTES;
use crate::error::WriteError;
use crate::scratch::ScratchFile;
use crate::sink::Sink;
use crate::tree::{NodeId, Tree};
use extents::TreeBlock;

pub use file::FileWriter;
pub(crate) use finish::{descriptor_blocks, hash_seed, label_bytes};
pub use room::Room;
pub use stat::Stat;

/// Places of records in the scratch file are numbers of 32 bits; one entry takes less than the rest.
const MAX_SCRATCH_BYTES: u64 = u32::MAX as u64 - (64 << 20);

/// What a disk is made with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Volume label, cut off after 16 bytes.
    pub label: String,
    /// The largest disk possible. Room for the descriptors of that many groups is left as a hole in the file.
    pub capacity_bytes: u64,
    /// The size of blocks.
    pub block_size: BlockSize,
    /// What makes the disk a writable one of exactly `capacity_bytes`; `None` for a read-only one that is just large enough.
    pub room: Option<Room>,
    /// Bounds against hostile input.
    pub limits: Limits,
}

impl Default for Options {
    /// No label, 1 TiB, blocks of 4 KiB, default limits.
    fn default() -> Self {
        Self {
            label: String::new(),
            capacity_bytes: 1 << 40,
            block_size: BlockSize::default(),
            room: None,
            limits: Limits::default(),
        }
    }
}

/// Bounds on what is kept until the disk is finished.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Entries of all kinds, replaced ones included. Each takes 20 to 28 bytes of memory, and about 400 of the scratch file.
    pub entries: u32,
    /// Names, link targets and extended attributes, which are in the scratch file.
    pub retained_bytes: u64,
}

impl Default for Limits {
    /// 4 million entries, 512 MiB of names.
    fn default() -> Self {
        Self {
            entries: 1 << 22,
            retained_bytes: 512 << 20,
        }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Size of the image file.
    pub disk_bytes: u64,
    /// Bytes of it in blocks that are in use.
    pub used_bytes: u64,
    /// Inodes in use, without the reserved ones.
    pub inodes: u32,
    /// Directories that no entry describes, made as parents of others; without the root.
    pub undescribed_directories: u32,
    /// Owner and mode of the root, if it was described.
    pub root: Option<RootMetadata>,
    /// Hard links to files that are not on the disk.
    pub links_elsewhere: u32,
}

/// What a disk says of its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootMetadata {
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// The kind of an entry that is on the disk already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A directory that no entry describes, made as a parent of another one.
    UndescribedDirectory,
    /// Anything else.
    Other,
}

/// Writes a disk entry by entry. See the [crate] documentation.
///
/// Paths are bytes, relative to the root of the disk with or without a leading slash. Missing parents are made ([`Metadata::implied_directory`](crate::Metadata::implied_directory)) and
/// counted as undescribed; symbolic links on the way are followed within the disk. An entry replaces what had its path before, except that a directory over a directory keeps its children.
#[derive(Debug)]
pub struct Writer<W> {
    sink: Sink<W>,
    tree: Tree,
    options: Options,
    /// Bytes counted against [`Limits::retained_bytes`].
    retained_bytes: u64,
    /// The parent path that was resolved last, as it was given, and what it led to.
    last_parent: Option<(Vec<u8>, NodeId)>,
    /// First block that is not for the superblock and descriptors.
    first_block: u64,
    /// The seed of checksums of metadata, on a disk that has any, once the disk is being finished.
    checksum_seed: Option<u32>,
    /// Blocks of trees of extents that lack their checksums.
    tree_blocks: Vec<TreeBlock>,
    /// The blocks of the journal.
    journal: Option<BlockRange>,
    /// First block of a file that was begun and not finished.
    open_file: Option<u32>,
}

impl<W: Write + Seek> Writer<W> {
    /// Starts a disk at the beginning of `out`, which must be empty. `scratch`, empty too, holds names and metadata until the disk is finished; it is of no
    /// use afterwards.
    ///
    /// # Errors
    /// [`WriteError::Io`]; [`WriteError::Room`] for a writable disk of another size than [`format_writable`](crate::format_writable) makes.
    pub fn new(out: W, scratch: impl ScratchFile + 'static, options: Options) -> Result<Self, WriteError> {
        let block_size = options.block_size;
        let capacity_blocks = (options.capacity_bytes / block_size.bytes() as u64).clamp(2, u64::from(u32::MAX));
        let mut first_block = block_size.first_data_block() + 1 + descriptor_room_blocks(capacity_blocks, block_size);
        let mut journal = None;
        if let Some(room) = &options.room {
            journal = room.journal(options.capacity_bytes, block_size, first_block)?;
            first_block = journal.map_or(first_block, |journal| journal.end().into());
        }
        Ok(Self {
            journal,
            checksum_seed: None,
            tree_blocks: Vec::new(),
            sink: Sink::new(out, block_size, first_block, capacity_blocks),
            tree: Tree::new(Box::new(scratch))?,
            options,
            retained_bytes: 0,
            last_parent: None,
            first_block,
            open_file: None,
        })
    }

    /// Counts bytes that stay until the end.
    fn retain(&mut self, bytes: usize) -> Result<(), WriteError> {
        self.retained_bytes += bytes as u64;
        let limit_bytes = self.options.limits.retained_bytes;
        if self.retained_bytes > limit_bytes || self.tree.scratch_bytes() > MAX_SCRATCH_BYTES {
            Err(WriteError::TooMuchMetadata { limit_bytes })
        } else {
            Ok(())
        }
    }
}

/// Blocks set aside for the group descriptors of a disk of this size.
fn descriptor_room_blocks(capacity_blocks: u64, block_size: BlockSize) -> u64 {
    let groups = capacity_blocks.div_ceil(block_size.per_group().into());
    (groups * DESCRIPTOR_BYTES as u64).div_ceil(block_size.bytes() as u64)
}
