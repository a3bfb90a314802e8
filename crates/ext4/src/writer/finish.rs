//! The end of a disk: directories, attributes, inode tables, bitmaps, descriptors, superblock.

mod contents;
mod directories;
mod inodes;
mod room_tables;
mod stored;
mod tables;

use std::io::{Seek, Write};

use super::geometry::Geometry;
use super::room;
use super::xattrs::ValueInode;
use super::{RootMetadata, Summary, Writer};
use crate::disk::FIRST_INODE;
use crate::disk::block_size::BlockSize;
use crate::disk::group::{DESCRIPTOR_BYTES, GroupDescriptor};
use crate::disk::journal;
use crate::disk::put::low32;
use crate::disk::superblock::{SUPERBLOCK_BYTES, Superblock, checksum_seed, compat, incompat, ro_compat};
use crate::error::WriteError;
use crate::tree::{Kind, NodeId};

/// Groups whose metadata the kernel may look for together; only a hint on a disk that is never allocated from.
const GROUPS_PER_FLEX_LOG2: u8 = 4;

/// What became known on the way to the superblock.
#[derive(Default)]
struct Collected {
    /// Where the scratch file has the inodes of all nodes, the root's first.
    inodes_at: u64,
    /// Values of attributes that have inodes of their own, numbered behind all nodes.
    values: Vec<ValueInode>,
    /// One past the last inode of a node.
    first_value_inode: u32,
    /// Whether a directory has more than one index level below its root.
    large_directory: bool,
}

impl Collected {
    /// One past the last inode in use.
    fn end_inode(&self) -> u32 {
        self.first_value_inode + self.values.len() as u32
    }
}

impl<W: Write + Seek> Writer<W> {
    /// Writes everything but file contents and ends the disk. `uuid` also seeds the hashes of directories.
    ///
    /// The file is not synced.
    ///
    /// # Errors
    /// [`WriteError::Io`], [`WriteError::DiskFull`].
    pub fn finish(mut self, uuid: [u8; 16]) -> Result<Summary, WriteError> {
        self.drop_unfinished_file()?;
        self.checksum_seed = self.options.room.map(|_| checksum_seed(&uuid));
        let block_size = self.options.block_size;
        let mut superblock = Superblock {
            block_size,
            uuid,
            label: label_bytes(&self.options.label),
            hash_seed: hash_seed(uuid),
            compat: compat::EXT_ATTR | compat::DIR_INDEX | compat::SPARSE_SUPER2,
            incompat: incompat::FILETYPE | incompat::EXTENTS | incompat::FLEX_BG,
            ro_compat: ro_compat::LARGE_FILE | ro_compat::HUGE_FILE | ro_compat::DIR_NLINK | ro_compat::EXTRA_ISIZE,
            groups_per_flex_log2: GROUPS_PER_FLEX_LOG2,
            ..Superblock::default()
        };
        let collected = self.write_contents(&superblock)?;
        if !collected.values.is_empty() {
            superblock.incompat |= incompat::EA_INODE;
        }
        if collected.large_directory {
            superblock.incompat |= incompat::LARGE_DIR;
        }

        let data_end = u64::from(self.sink.next_block());
        let capacity_bytes = self.options.capacity_bytes;
        let (shape, groups) = match self.options.room {
            Some(room) => {
                superblock.ro_compat |= ro_compat::METADATA_CSUM;
                superblock.default_mount_options = room.default_mount_options;
                superblock.made_seconds = low32(room.made.seconds.max(0) as u64);
                superblock.mounted_seconds = room.mounted_seconds;
                superblock.journal = self.journal.map(room::backup_of);
                superblock.compat |= self.journal.map_or(0, |_| compat::HAS_JOURNAL);
                let shape = room.shape(capacity_bytes, block_size, data_end);
                if shape.tables_end() > shape.blocks {
                    return Err(WriteError::DiskFull { capacity_bytes });
                }
                (shape, self.write_tables_with_room(&shape, &collected)?)
            }
            None => {
                let shape = Geometry::fit(block_size, data_end, collected.end_inode() - 1);
                if shape.blocks * block_size.bytes() as u64 > capacity_bytes {
                    return Err(WriteError::DiskFull { capacity_bytes });
                }
                (shape, self.write_tables(&shape, &collected)?)
            }
        };
        let disk_bytes = shape.blocks * block_size.bytes() as u64;
        self.write_head(superblock, &shape, &groups)?;

        let root = self.tree.record(NodeId::ROOT)?.metadata;
        let root = RootMetadata {
            mode: root.mode & 0o7777,
            uid: root.uid,
            gid: root.gid,
        };
        let is_root_described = !self.tree.entry(NodeId::ROOT).marked;
        let marked = |kind| {
            let entries = self.tree.entries().iter().skip(1);
            entries.filter(|entry| entry.marked && entry.kind == kind).count() as u32
        };
        let free_blocks: u64 = groups.iter().map(|group| u64::from(group.free_blocks)).sum();
        Ok(Summary {
            disk_bytes,
            used_bytes: disk_bytes - free_blocks * block_size.bytes() as u64,
            inodes: collected.end_inode() - FIRST_INODE + 1,
            undescribed_directories: marked(Kind::Directory),
            root: is_root_described.then_some(root),
            links_elsewhere: marked(Kind::Symlink),
        })
    }

    /// Writes the superblock and the descriptors, and extends the file to its size.
    fn write_head(
        &mut self,
        superblock: Superblock,
        shape: &Geometry,
        groups: &[GroupDescriptor],
    ) -> Result<(), WriteError> {
        let superblock = Superblock {
            blocks: shape.blocks,
            free_blocks: groups.iter().map(|group| u64::from(group.free_blocks)).sum(),
            inodes: shape.inodes_per_group * shape.groups,
            free_inodes: groups.iter().map(|group| group.free_inodes).sum(),
            inodes_per_group: shape.inodes_per_group,
            ..superblock
        };
        let block_bytes = shape.block_size.bytes();
        // The superblock follows 1,024 bytes that are not used; the descriptors start with the next block.
        let mut head = vec![0; SUPERBLOCK_BYTES];
        head.extend_from_slice(&superblock.encode(0));
        head.resize(head.len().next_multiple_of(block_bytes), 0);
        for (number, group) in (0..).zip(groups) {
            match self.checksum_seed {
                Some(seed) => head.extend_from_slice(&group.encode_with_checksum(seed, number)),
                None => head.extend_from_slice(&group.encode()),
            }
        }
        self.sink.flush()?;
        if let Some(seed) = self.checksum_seed {
            self.sum_tree_blocks(seed)?;
        }
        if let Some(journal) = self.journal {
            let block = journal::empty_superblock(journal.count, &superblock.uuid);
            self.sink
                .write_at(u64::from(journal.start) * block_bytes as u64, &block)?;
        }
        if u64::from(self.sink.next_block()) < shape.blocks {
            self.sink.write_at(shape.blocks * block_bytes as u64 - 1, &[0])?;
        }
        Ok(self.sink.write_at(0, &head)?)
    }
}

/// Blocks taken by the descriptors of that many groups.
pub(crate) fn descriptor_blocks(groups: u32, block_size: BlockSize) -> usize {
    (groups as usize * DESCRIPTOR_BYTES).div_ceil(block_size.bytes())
}

pub(crate) fn label_bytes(label: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(label.bytes()) {
        *byte = from;
    }
    bytes
}

/// The seed of directory hashes that goes with a file system.
pub(crate) fn hash_seed(uuid: [u8; 16]) -> [u32; 4] {
    let mut seed = [0; 4];
    for (word, bytes) in seed.iter_mut().zip(uuid.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    seed
}
