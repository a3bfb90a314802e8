//! Where everything lies on an empty writable disk.

use super::{FormatOptions, Journal};
use crate::disk::bitmap::Bitmap;
use crate::disk::block_range::BlockRange;
use crate::disk::block_size::BlockSize;
use crate::disk::checksum::crc32c;
use crate::disk::extent::inline_map;
use crate::disk::group::{GroupDescriptor, flags as group_flags};
use crate::disk::inode::{Inode, flags, mode};
use crate::disk::writable::{MAX_DISK_BYTES, MIN_DISK_BYTES, inodes_per_group};
use crate::disk::{
    BLOCK_BYTES, BLOCKS_PER_GROUP, FIRST_INODE, INODE_BYTES, INODES_PER_BLOCK, JOURNAL_INODE, ROOT_INODE,
};
use crate::error::FormatError;

/// Units of 512 bytes, which inodes count in.
const SECTORS_PER_BLOCK: u64 = BLOCK_BYTES as u64 / 512;
/// A disk of the smallest size keeps this share of it for a journal at most.
const MAX_JOURNAL_SHARE: u64 = 2;

/// Where everything is. All of it lies in the first group, except the copy of superblock and descriptors.
pub(super) struct Plan {
    pub(super) blocks: u64,
    pub(super) groups: u32,
    pub(super) descriptor_blocks: u32,
    pub(super) inodes_per_group: u32,
    pub(super) root_block: u32,
    /// Empty directories in the root. Each has the block behind its predecessor's, the first the one behind the root's.
    directories: u32,
    pub(super) journal: Option<BlockRange>,
}

impl Plan {
    /// The names of `options.directories` are known to fit one block, so their blocks and inodes fit the first group of the smallest disk.
    pub(super) fn new(options: &FormatOptions) -> Result<Self, FormatError> {
        let size_bytes = options.size_bytes;
        if !(MIN_DISK_BYTES..=MAX_DISK_BYTES).contains(&size_bytes) {
            return Err(FormatError::Size { size_bytes });
        }
        let mut blocks = size_bytes / BLOCK_BYTES as u64;
        let inodes_per_group = inodes_per_group(blocks);
        // A last group too small for its own tables is left off.
        let head_blocks = u64::from(2 + inodes_per_group / INODES_PER_BLOCK) + 64;
        if blocks > BLOCKS_PER_GROUP && blocks % BLOCKS_PER_GROUP < head_blocks {
            blocks -= blocks % BLOCKS_PER_GROUP;
        }
        let groups = blocks.div_ceil(BLOCKS_PER_GROUP) as u32;
        let descriptor_blocks = crate::writer::descriptor_blocks(groups, BlockSize::Kib4) as u32;
        let root_block = 1 + descriptor_blocks + 2 + inodes_per_group / INODES_PER_BLOCK;
        let directories = options.directories.len() as u32;
        let journal = match options.journal {
            Some(journal) => Some(BlockRange {
                start: root_block + 1 + directories,
                count: journal_blocks(journal, blocks)?,
            }),
            None => None,
        };
        Ok(Self {
            blocks,
            groups,
            descriptor_blocks,
            inodes_per_group,
            root_block,
            directories,
            journal,
        })
    }

    /// Blocks at the start of a group that hold superblock and descriptors.
    fn backup_blocks(&self, group: u32) -> u32 {
        if group <= 1 { 1 + self.descriptor_blocks } else { 0 }
    }

    /// Where a group's bitmaps and inode table start.
    pub(super) fn block_bitmap_of(&self, group: u32) -> u32 {
        group * BLOCKS_PER_GROUP as u32 + self.backup_blocks(group)
    }

    fn table_blocks(&self) -> u32 {
        self.inodes_per_group / INODES_PER_BLOCK
    }

    fn group_blocks(&self, group: u32) -> u32 {
        (self.blocks - u64::from(group) * BLOCKS_PER_GROUP).min(BLOCKS_PER_GROUP) as u32
    }

    /// The block bitmap of a group that is written: the first or the last.
    pub(super) fn block_bitmap(&self, group: u32) -> Bitmap {
        let mut bitmap = Bitmap::new(BLOCKS_PER_GROUP as usize);
        bitmap.fill(0..self.used_blocks(group) as usize, true);
        bitmap.fill(self.group_blocks(group) as usize..BLOCKS_PER_GROUP as usize, true);
        bitmap
    }

    /// The inode bitmap of the first group.
    pub(super) fn inode_bitmap(&self) -> Bitmap {
        let mut bitmap = Bitmap::new(BLOCKS_PER_GROUP as usize);
        bitmap.fill(0..self.used_inodes() as usize, true);
        bitmap.fill(self.inodes_per_group as usize..BLOCKS_PER_GROUP as usize, true);
        bitmap
    }

    /// Inodes in use at the start of the first group, those that are reserved included.
    fn used_inodes(&self) -> u32 {
        FIRST_INODE - 1 + self.directories
    }

    /// Blocks in use at the start of a group.
    fn used_blocks(&self, group: u32) -> u32 {
        if group == 0 {
            self.journal
                .map_or(self.root_block + 1 + self.directories, BlockRange::end)
        } else {
            self.backup_blocks(group) + 2 + self.table_blocks()
        }
    }

    pub(super) fn descriptor(&self, group: u32, seed: u32) -> GroupDescriptor {
        let block_bitmap = self.block_bitmap_of(group);
        let mut descriptor = GroupDescriptor {
            block_bitmap,
            inode_bitmap: block_bitmap + 1,
            inode_table: block_bitmap + 2,
            free_blocks: self.group_blocks(group) - self.used_blocks(group),
            free_inodes: self.inodes_per_group,
            flags: group_flags::INODE_UNINIT | group_flags::BLOCK_UNINIT | group_flags::INODE_ZEROED,
            unused_inodes: self.inodes_per_group,
            ..GroupDescriptor::default()
        };
        if group == 0 || group == self.groups - 1 {
            descriptor.flags &= !group_flags::BLOCK_UNINIT;
            descriptor.block_bitmap_checksum = crc32c(seed, self.block_bitmap(group).as_bytes());
        }
        if group == 0 {
            descriptor.flags &= !group_flags::INODE_UNINIT;
            descriptor.inode_bitmap_checksum = crc32c(
                seed,
                &self.inode_bitmap().as_bytes()[..self.inodes_per_group as usize / 8],
            );
            descriptor.free_inodes -= self.used_inodes();
            descriptor.unused_inodes -= self.used_inodes();
            descriptor.directories = 1 + self.directories;
        }
        descriptor
    }

    /// The start of the first inode table: the reserved inodes, of which the root and maybe the journal are in use, and the directories in the root.
    pub(super) fn first_inodes(&self, seed: u32, options: &FormatOptions) -> Vec<u8> {
        let (permissions, uid, gid) = options.root;
        let block_map = |block| inline_map(BlockRange { start: block, count: 1 });
        let root = Inode {
            mode: mode::DIRECTORY | (permissions & 0o7777),
            uid,
            gid,
            size: BLOCK_BYTES as u64,
            // Each directory's `..` is a link to its parent.
            links: 2 + self.directories as u16,
            sectors: SECTORS_PER_BLOCK,
            flags: flags::EXTENTS,
            map: block_map(self.root_block),
            xattr_block: 0,
            accessed: options.made,
            changed: options.made,
            modified: options.made,
            created: options.made,
            version: 0,
            xattrs: &[],
        };
        let mut table = vec![0; self.used_inodes() as usize * INODE_BYTES];
        let mut put = |number: u32, inode: &Inode<'_>| {
            let at = (number - 1) as usize * INODE_BYTES;
            table[at..at + INODE_BYTES].copy_from_slice(&inode.encode_with_checksum(seed, number));
        };
        put(ROOT_INODE, &root);
        if let Some(range) = self.journal {
            let journal = Inode {
                mode: mode::REGULAR | 0o600,
                uid: 0,
                gid: 0,
                size: u64::from(range.count) * BLOCK_BYTES as u64,
                links: 1,
                sectors: u64::from(range.count) * SECTORS_PER_BLOCK,
                map: inline_map(range),
                ..root.clone()
            };
            put(JOURNAL_INODE, &journal);
        }
        for index in 0..self.directories {
            let directory = Inode {
                links: 2,
                map: block_map(self.root_block + 1 + index),
                ..root.clone()
            };
            put(FIRST_INODE + index, &directory);
        }
        table
    }
}

/// Blocks of a journal on a disk of so many.
fn journal_blocks(journal: Journal, blocks: u64) -> Result<u32, FormatError> {
    let block_bytes = BLOCK_BYTES as u64;
    let bytes = match journal.size_bytes {
        None => (blocks / 16 * block_bytes).clamp(Journal::MIN_BYTES, Journal::MAX_BYTES),
        Some(size_bytes) => size_bytes,
    };
    let max_bytes = Journal::MAX_BYTES.min(blocks / MAX_JOURNAL_SHARE * block_bytes);
    match (Journal::MIN_BYTES..=max_bytes).contains(&bytes) {
        true => Ok(bytes.div_ceil(block_bytes) as u32),
        false => Err(FormatError::JournalSize {
            size_bytes: bytes,
            max_bytes,
        }),
    }
}
