//! Directories: one block, or leaves sorted by hash under an index.

use std::io::{Seek, Write};

use super::Collected;
use super::stored::Stored;
use crate::disk::block_range::BlockRange;
use crate::disk::directory::{
    DirectoryEntry, FileType, TAIL_BYTES, entry_bytes, fill_block, fits_single_block, put_directory, put_tail,
};
use crate::disk::dirhash::half_md4;
use crate::disk::hashtree::HashTree;
use crate::disk::inode::inode_seed;
use crate::error::WriteError;
use crate::tree::NodeId;
use crate::writer::Writer;

/// Names of one directory that are kept in memory while it is written. Those of a larger one are read once more.
const NAMES_BYTES: usize = 4 << 20;

/// An entry on its way to a leaf.
struct Hashed {
    hash: u32,
    child: NodeId,
    /// Where the name is in memory, if it is.
    name_at: u32,
}

/// An entry without its name.
#[derive(Clone, Copy)]
struct Target {
    inode: u32,
    file_type: FileType,
    name_bytes: usize,
}

impl<W: Write + Seek> Writer<W> {
    /// Writes the blocks of the directory `id`.
    pub(super) fn write_directory(
        &mut self,
        id: NodeId,
        children: &[NodeId],
        seed: [u32; 4],
        collected: &mut Collected,
    ) -> Result<Stored, WriteError> {
        let block_bytes = self.sink.block_bytes();
        let entries_bytes: usize = children
            .iter()
            .map(|child| entry_bytes(usize::from(self.tree.entry(*child).name_bytes)))
            .sum();
        let own_seed = self.inode_seed_of(id);
        let room_bytes = block_bytes - own_seed.map_or(0, |_| TAIL_BYTES);
        if !fits_single_block(entries_bytes, room_bytes) {
            return self.write_hashed(id, children, seed, collected);
        }
        let (own, parent) = self.own_and_parent(id);
        let mut names = Vec::new();
        let mut targets = Vec::with_capacity(children.len());
        for child in children {
            targets.push(self.target(*child)?);
            self.tree.read_name(*child, &mut names)?;
        }
        let mut block = vec![0; block_bytes];
        put_directory(&mut block[..room_bytes], own, parent, &with_names(&targets, &names));
        if let Some(seed) = own_seed {
            put_tail(&mut block, seed);
        }
        let data = self.sink.append(&block)?;
        self.stored(id, data, block_bytes as u64)
    }

    fn write_hashed(
        &mut self,
        id: NodeId,
        children: &[NodeId],
        seed: [u32; 4],
        collected: &mut Collected,
    ) -> Result<Stored, WriteError> {
        let block_bytes = self.sink.block_bytes();
        let (own, parent) = self.own_and_parent(id);
        let name_bytes = |writer: &Self, child: NodeId| usize::from(writer.tree.entry(child).name_bytes);
        let all_names: usize = children.iter().map(|child| name_bytes(self, *child)).sum();
        let keep = all_names <= NAMES_BYTES;

        let mut names = Vec::with_capacity(if keep { all_names } else { 0 });
        let mut hashed = Vec::with_capacity(children.len());
        for child in children {
            let start = if keep { names.len() } else { 0 };
            names.truncate(start);
            self.tree.read_name(*child, &mut names)?;
            hashed.push(Hashed {
                hash: half_md4(&names[start..], seed),
                child: *child,
                name_at: start as u32,
            });
        }
        hashed.sort_unstable_by_key(|entry| (entry.hash, entry.child));
        let lengths = hashed.iter().map(|entry| (entry.hash, name_bytes(self, entry.child)));
        let own_seed = self.inode_seed_of(id);
        let room_bytes = block_bytes - own_seed.map_or(0, |_| TAIL_BYTES);
        let tree = HashTree::lay_out(lengths, block_bytes, own_seed.is_some());
        collected.large_directory |= tree.indirect_levels() > 1;

        let start = self.sink.append(&tree.index_blocks(own, parent, own_seed))?.start;
        let mut rest = hashed.as_slice();
        let (mut leaf_names, mut targets) = (Vec::new(), Vec::new());
        for count in tree.leaves {
            let (leaf, others) = rest.split_at(count as usize);
            rest = others;
            leaf_names.clear();
            targets.clear();
            for entry in leaf {
                let target = self.target(entry.child)?;
                if keep {
                    let at = entry.name_at as usize;
                    leaf_names.extend_from_slice(&names[at..at + target.name_bytes]);
                } else {
                    self.tree.read_name(entry.child, &mut leaf_names)?;
                }
                targets.push(target);
            }
            let mut block = vec![0; block_bytes];
            fill_block(&mut block[..room_bytes], 0, &with_names(&targets, &leaf_names));
            if let Some(seed) = own_seed {
                put_tail(&mut block, seed);
            }
            self.sink.append(&block)?;
        }
        let count = self.sink.next_block() - start;
        let stored = self.stored(id, BlockRange { start, count }, u64::from(count) * block_bytes as u64)?;
        Ok(Stored {
            indexed: true,
            ..stored
        })
    }

    /// The seed of the checksums of a directory's blocks.
    fn inode_seed_of(&self, id: NodeId) -> Option<u32> {
        let number = self.tree.entry(id).hash_or_inode;
        self.checksum_seed.map(|seed| inode_seed(seed, number, 0))
    }

    fn own_and_parent(&self, id: NodeId) -> (u32, u32) {
        let entry = self.tree.entry(id);
        (entry.hash_or_inode, self.tree.entry(entry.parent).hash_or_inode)
    }

    fn target(&mut self, child: NodeId) -> Result<Target, WriteError> {
        let node = self.tree.node_of(child)?;
        let node = self.tree.entry(node);
        Ok(Target {
            inode: node.hash_or_inode,
            file_type: node.kind.file_type(),
            name_bytes: usize::from(self.tree.entry(child).name_bytes),
        })
    }
}

/// Entries with their names, which lie one after the other in `names`.
fn with_names<'a>(targets: &[Target], mut names: &'a [u8]) -> Vec<DirectoryEntry<'a>> {
    let mut entries = Vec::with_capacity(targets.len());
    for target in targets {
        let (name, rest) = names.split_at(target.name_bytes);
        names = rest;
        entries.push(DirectoryEntry {
            name,
            inode: target.inode,
            file_type: target.file_type,
        });
    }
    entries
}
