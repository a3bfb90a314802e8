//! From nodes to inodes.

use super::stored::Stored;
use crate::disk::INODE_BYTES;
use crate::disk::block_range::BlockRange;
use crate::disk::block_size::BlockSize;
use crate::disk::extent::inline_map;
use crate::disk::inode::{Inode, MARKED, device_map, flags, mode, symlink_map};
use crate::metadata::Timestamp;
use crate::tree::{Content, Entry, Record};
use crate::writer::xattrs::ValueInode;

/// EXT4_LINK_MAX: a directory with more links says 1, "dir_nlink".
const MAX_DIRECTORY_LINKS: u32 = 65_000;

/// Where the extended attributes of a node are.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub(super) in_inode: Vec<u8>,
    pub(super) block: Option<u32>,
    /// Blocks of values in inodes of their own, which count as blocks of the entry too.
    pub(super) value_blocks: u32,
}

/// The bytes of inode `number`, with a checksum on disks that have a seed of such.
pub(super) fn encode(inode: &Inode<'_>, checksum_seed: Option<u32>, number: u32) -> [u8; INODE_BYTES] {
    match checksum_seed {
        Some(seed) => inode.encode_with_checksum(seed, number),
        None => inode.encode(),
    }
}

/// The inode of a node.
pub(super) fn inode_of_node<'a>(
    record: &Record,
    entry: Entry,
    stored: Option<&Stored>,
    attributes: &'a Attributes,
    block_size: BlockSize,
) -> Inode<'a> {
    let metadata = &record.metadata;
    let mut blocks = attributes.value_blocks + u32::from(attributes.block.is_some());
    let mut inode = Inode {
        mode: entry.kind.mode_bits() | (metadata.mode & 0o7777),
        uid: metadata.uid,
        gid: metadata.gid,
        size: 0,
        links: record.names as u16,
        sectors: 0,
        flags: 0,
        map: [0; 60],
        xattr_block: attributes.block.unwrap_or(0),
        accessed: metadata.modified,
        changed: metadata.modified,
        modified: metadata.modified,
        created: metadata.modified,
        version: if entry.marked { MARKED } else { 0 },
        xattrs: &attributes.in_inode,
    };
    match &record.content {
        Content::Directory if record.names > MAX_DIRECTORY_LINKS => inode.links = 1,
        Content::File(file) => {
            inode.size = file.size_bytes;
            inode.flags = flags::EXTENTS;
            inode.map = file.map.unwrap_or_else(|| inline_map(file.range));
            blocks += file.range.count;
        }
        // A long target replaces this below.
        Content::Symlink(target) => {
            inode.size = target.len() as u64;
            inode.map = symlink_map(target);
        }
        Content::CharacterDevice(device) | Content::BlockDevice(device) => inode.map = device_map(*device),
        Content::Directory | Content::Fifo | Content::Socket | Content::HardLink(_) | Content::Removed => {}
    }
    if let Some(stored) = stored {
        inode.size = stored.size_bytes;
        inode.map = stored.map;
        inode.flags = flags::EXTENTS | if stored.indexed { flags::INDEX } else { 0 };
        blocks += stored.blocks;
    }
    inode.sectors = sectors(blocks, block_size);
    inode
}

/// The journal's inode.
pub(super) fn inode_of_journal(journal: BlockRange, block_size: BlockSize) -> Inode<'static> {
    let zero = Timestamp::default();
    Inode {
        mode: mode::REGULAR | 0o600,
        uid: 0,
        gid: 0,
        size: u64::from(journal.count) * block_size.bytes() as u64,
        links: 1,
        sectors: sectors(journal.count, block_size),
        flags: flags::EXTENTS,
        map: inline_map(journal),
        xattr_block: 0,
        accessed: zero,
        changed: zero,
        modified: zero,
        created: zero,
        version: 0,
        xattrs: &[],
    }
}

/// The inode of a large attribute value (`fs/ext4/xattr.c`): the checksum of the value is its access time, the number of references its version.
pub(super) fn inode_of_value(value: &ValueInode, block_size: BlockSize) -> Inode<'static> {
    let zero = Timestamp::default();
    Inode {
        mode: mode::REGULAR | 0o600,
        uid: 0,
        gid: 0,
        size: value.size_bytes,
        links: 1,
        sectors: sectors(value.range.count, block_size),
        flags: flags::EXTENTS | flags::EA_INODE,
        map: inline_map(value.range),
        xattr_block: 0,
        accessed: Timestamp {
            seconds: i64::from(value.checksum),
            nanoseconds: 0,
        },
        changed: zero,
        modified: zero,
        created: zero,
        version: 1,
        xattrs: &[],
    }
}

/// Blocks in the units of "i_blocks".
fn sectors(blocks: u32, block_size: BlockSize) -> u64 {
    u64::from(blocks) * (block_size.bytes() as u64 / 512)
}
