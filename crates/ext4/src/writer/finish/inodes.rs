//! From nodes to inodes.

use super::contents::Stored;
use crate::disk::INODE_BYTES;
use crate::disk::extent::inline_map;
use crate::disk::inode::{Inode, device_map, flags, mode, symlink_map};
use crate::metadata::Timestamp;
use crate::tree::{Content, Directory, Node, Tree};
use crate::writer::xattrs::ValueInode;

/// EXT4_LINK_MAX: a directory with more links says 1, "dir_nlink".
const MAX_DIRECTORY_LINKS: usize = 65_000;

/// The inode of a node.
pub(super) fn encode_node(node: &Node, stored: Option<&Stored>, tree: &Tree) -> [u8; INODE_BYTES] {
    let metadata = &node.metadata;
    let mut inode = Inode {
        mode: node.content.mode_bits() | (metadata.mode & 0o7777),
        uid: metadata.uid,
        gid: metadata.gid,
        size: 0,
        links: node.names as u16,
        blocks: 0,
        flags: 0,
        map: [0; 60],
        xattr_block: 0,
        accessed: metadata.modified,
        changed: metadata.modified,
        modified: metadata.modified,
        created: metadata.modified,
        version: 0,
        xattrs: &[],
    };
    match &node.content {
        Content::Directory(directory) => inode.links = directory_links(directory, tree),
        Content::File(file) => {
            inode.size = file.size_bytes;
            inode.flags = flags::EXTENTS;
            inode.blocks = u64::from(file.range.count);
            inode.map = file.map.as_deref().copied().unwrap_or_else(|| inline_map(file.range));
        }
        // A long target replaces this below.
        Content::Symlink(target) => {
            inode.size = target.len() as u64;
            inode.map = symlink_map(target);
        }
        Content::CharacterDevice(device) | Content::BlockDevice(device) => inode.map = device_map(*device),
        Content::Fifo | Content::Socket | Content::Removed => {}
    }
    let Some(stored) = stored else {
        return inode.encode();
    };
    if let Some(content) = &stored.content {
        inode.size = content.size_bytes;
        inode.map = content.map;
        inode.flags |= flags::EXTENTS;
        inode.blocks += u64::from(content.blocks);
    }
    if stored.indexed {
        inode.flags |= flags::INDEX;
    }
    if stored.xattr_block != 0 {
        inode.xattr_block = stored.xattr_block;
        inode.blocks += 1;
    }
    inode.blocks += u64::from(stored.value_blocks);
    inode.xattrs = &stored.in_inode;
    inode.encode()
}

/// The inode of a large attribute value (`fs/ext4/xattr.c`): the checksum of the value is its access time, the number of references its version.
pub(super) fn encode_value(value: &ValueInode) -> [u8; INODE_BYTES] {
    let zero = Timestamp::default();
    let inode = Inode {
        mode: mode::REGULAR | 0o600,
        uid: 0,
        gid: 0,
        size: value.size_bytes,
        links: 1,
        blocks: u64::from(value.range.count),
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
    };
    inode.encode()
}

/// Two, and one for the `..` of each subdirectory.
fn directory_links(directory: &Directory, tree: &Tree) -> u16 {
    let children = directory.children.values();
    let links = 2 + children.filter(|child| tree.directory(child.node).is_some()).count();
    if links > MAX_DIRECTORY_LINKS { 1 } else { links as u16 }
}
