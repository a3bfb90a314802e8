//! Numbers inodes and writes what nodes have besides their inode: directory blocks, long link targets, attributes.

use std::io::{Seek, Write};

use super::Collected;
use crate::disk::directory::{DirectoryEntry, single_block};
use crate::disk::extent::{build_map, dense};
use crate::disk::superblock::{Superblock, checksum_seed};
use crate::disk::{FIRST_INODE, ROOT_INODE, hashtree};
use crate::error::WriteError;
use crate::tree::{Content, Directory, NodeId};
use crate::writer::Writer;
use crate::writer::xattrs::write_xattrs;

/// The longest link target that fits the inode is one byte shorter.
const INLINE_SYMLINK_BYTES: usize = 60;

/// What a node has on the disk besides its inode and, for files, their data.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// Blocks of a directory or of a long link target.
    pub(super) content: Option<StoredContent>,
    /// A directory with an index.
    pub(super) indexed: bool,
    pub(super) xattr_block: u32,
    /// Blocks of attribute values in inodes of their own, which count as blocks of the entry too.
    pub(super) value_blocks: u32,
    pub(super) in_inode: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct StoredContent {
    pub(super) size_bytes: u64,
    /// Those of the extent tree included.
    pub(super) blocks: u32,
    pub(super) map: [u8; 60],
}

impl<W: Write + Seek> Writer<W> {
    pub(super) fn write_contents(&mut self, superblock: &Superblock) -> Result<Collected, WriteError> {
        let mut collected = Collected {
            end_inode: FIRST_INODE,
            ..Collected::default()
        };
        collected.inodes.reserve(self.tree.made());
        for (index, node) in self.tree.nodes().iter().enumerate() {
            collected.inodes.push(match &node.content {
                Content::Removed => 0,
                _ if index == NodeId::ROOT.index() => ROOT_INODE,
                _ => {
                    collected.end_inode += 1;
                    collected.end_inode - 1
                }
            });
        }
        debug_assert_eq!(collected.end_inode - FIRST_INODE + 1, self.tree.live());
        let first_value_inode = collected.end_inode;

        for index in 0..self.tree.made() {
            let node = &self.tree.nodes()[index];
            let mut stored = Stored::default();
            match &node.content {
                Content::Directory(directory) => {
                    let own = collected.inodes[index];
                    let blocks = self.directory_blocks(directory, own, superblock.hash_seed, &mut collected);
                    stored.indexed = blocks.indexed;
                    stored.content = Some(self.append_content(&blocks.bytes)?);
                }
                Content::Symlink(target) if target.len() >= INLINE_SYMLINK_BYTES => {
                    let target = target.clone();
                    stored.content = Some(self.append_content(&target)?);
                }
                _ => {}
            }
            let xattrs = &self.tree.nodes()[index].metadata.xattrs;
            if !xattrs.is_empty() {
                let seed = checksum_seed(&superblock.uuid);
                let earlier_values = collected.values.len();
                let placed = write_xattrs(&mut self.sink, xattrs, seed, first_value_inode, &mut collected.values)?;
                stored.in_inode = placed.in_inode;
                stored.value_blocks = collected.values[earlier_values..]
                    .iter()
                    .map(|value| value.range.count)
                    .sum();
                if let Some(block) = placed.block {
                    stored.xattr_block = self.sink.append(&block[..])?.start;
                }
            }
            let needed = stored.content.is_some()
                || !stored.in_inode.is_empty()
                || stored.xattr_block != 0
                || stored.value_blocks != 0;
            collected.stored.push(needed.then(|| Box::new(stored)));
        }
        collected.end_inode += collected.values.len() as u32;
        Ok(collected)
    }

    fn append_content(&mut self, bytes: &[u8]) -> Result<StoredContent, WriteError> {
        let data = self.sink.append(bytes)?;
        let map = build_map(&dense(data), &mut self.sink)?;
        // A tree, if there is one, lies right behind the data.
        let blocks = self.sink.next_block() - data.start;
        Ok(StoredContent {
            size_bytes: bytes.len() as u64,
            blocks,
            map,
        })
    }

    fn directory_blocks(
        &self,
        directory: &Directory,
        own: u32,
        seed: [u32; 4],
        collected: &mut Collected,
    ) -> DirectoryBlocks {
        let parent = collected.inodes[directory.parent.index()];
        let entries: Vec<DirectoryEntry<'_>> = directory
            .children
            .iter()
            .map(|(name, child)| DirectoryEntry {
                name,
                inode: collected.inodes[child.node.index()],
                file_type: self.tree.node(child.node).content.file_type(),
            })
            .collect();
        match single_block(own, parent, &entries) {
            Some(block) => DirectoryBlocks {
                bytes: block.to_vec(),
                indexed: false,
            },
            None => {
                let tree = hashtree::build(own, parent, &entries, seed);
                collected.large_directory |= tree.indirect_levels > 1;
                DirectoryBlocks {
                    bytes: tree.bytes,
                    indexed: true,
                }
            }
        }
    }
}

struct DirectoryBlocks {
    bytes: Vec<u8>,
    indexed: bool,
}
