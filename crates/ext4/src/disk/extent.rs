//! Extent trees: which blocks of a file lie where.
//!
//! Up to four extents are in the inode. More are in a tree of blocks below it.

use super::block_range::BlockRange;
use super::put::{put16, put32};

/// EXT_INIT_MAX_LEN: the longest initialised extent.
const MAX_EXTENT_BLOCKS: u32 = 32_768;
/// EXT4_EXT_MAGIC
const MAGIC: u16 = 0xf30a;
const HEADER_BYTES: usize = 12;
const ENTRY_BYTES: usize = 12;
/// Entries in the inode's 60 bytes.
const ROOT_ENTRIES: usize = 4;

/// A run of blocks in a file and on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) logical: u32,
    pub(crate) physical: u32,
    pub(crate) count: u32,
}

/// Adds a run to `extents`, which ends before it.
pub(crate) fn add_run(extents: &mut Vec<Extent>, mut run: Extent) {
    if let Some(last) = extents.last_mut()
        && last.logical + last.count == run.logical
        && last.physical + last.count == run.physical
    {
        let grown = run.count.min(MAX_EXTENT_BLOCKS - last.count);
        last.count += grown;
        run = Extent {
            logical: run.logical + grown,
            physical: run.physical + grown,
            count: run.count - grown,
        };
    }
    while run.count > 0 {
        let count = run.count.min(MAX_EXTENT_BLOCKS);
        extents.push(Extent { count, ..run });
        run = Extent {
            logical: run.logical + count,
            physical: run.physical + count,
            count: run.count - count,
        };
    }
}

/// The extents of a file without holes.
pub(crate) fn dense(range: BlockRange) -> Vec<Extent> {
    let mut extents = Vec::new();
    add_run(
        &mut extents,
        Extent {
            logical: 0,
            physical: range.start,
            count: range.count,
        },
    );
    extents
}

/// The "i_block" of a file that is one run without holes, of up to four times 32,768 blocks.
pub(crate) fn inline_map(range: BlockRange) -> [u8; 60] {
    let entries: Vec<[u8; ENTRY_BYTES]> = dense(range).iter().take(ROOT_ENTRIES).map(leaf_entry).collect();
    let mut map = [0; 60];
    fill_node(&mut map, &entries, ROOT_ENTRIES, 0);
    map
}

/// Where a block of a tree has its checksum on disks with such: behind the room for entries, `struct ext4_extent_tail`.
pub(crate) fn checksum_at(block_bytes: usize) -> usize {
    HEADER_BYTES + (block_bytes - HEADER_BYTES) / ENTRY_BYTES * ENTRY_BYTES
}

/// The extents of a file as they are stored.
pub(crate) struct ExtentTree {
    /// The "i_block" of the inode.
    pub(crate) root: [u8; 60],
    /// The blocks below it; empty where all extents are in the root.
    pub(crate) blocks: Vec<u8>,
}

impl ExtentTree {
    /// Stores `extents`; the blocks of the tree go to `first_block` and those behind it.
    pub(crate) fn new(extents: &[Extent], block_bytes: usize, first_block: u32) -> Self {
        let block_entries = (block_bytes - HEADER_BYTES) / ENTRY_BYTES;
        let mut entries: Vec<[u8; ENTRY_BYTES]> = extents.iter().map(leaf_entry).collect();
        let (mut blocks, mut next_block, mut depth) = (Vec::new(), first_block, 0);
        while entries.len() > ROOT_ENTRIES {
            let mut parents = Vec::with_capacity(entries.len().div_ceil(block_entries));
            for chunk in entries.chunks(block_entries) {
                let mut block = vec![0; block_bytes];
                fill_node(&mut block, chunk, block_entries, depth);
                blocks.append(&mut block);
                parents.push(index_entry(chunk, next_block));
                next_block += 1;
            }
            entries = parents;
            depth += 1;
        }
        let mut root = [0; 60];
        fill_node(&mut root, &entries, ROOT_ENTRIES, depth);
        Self { root, blocks }
    }
}

fn fill_node(node: &mut [u8], entries: &[[u8; ENTRY_BYTES]], room: usize, depth: u16) {
    put16(node, 0, MAGIC);
    put16(node, 2, entries.len() as u16);
    put16(node, 4, room as u16);
    put16(node, 6, depth);
    for (slot, entry) in node[HEADER_BYTES..].chunks_exact_mut(ENTRY_BYTES).zip(entries) {
        slot.copy_from_slice(entry);
    }
}

fn leaf_entry(extent: &Extent) -> [u8; ENTRY_BYTES] {
    let mut entry = [0; ENTRY_BYTES];
    put32(&mut entry, 0, extent.logical);
    put16(&mut entry, 4, extent.count as u16);
    put32(&mut entry, 8, extent.physical);
    entry
}

/// Both kinds of entries start with the first logical block they cover.
fn index_entry(children: &[[u8; ENTRY_BYTES]], block: u32) -> [u8; ENTRY_BYTES] {
    let mut entry = [0; ENTRY_BYTES];
    if let Some(first) = children.first() {
        entry[..4].copy_from_slice(&first[..4]);
    }
    put32(&mut entry, 4, block);
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjacent_runs_merge_and_long_runs_split() {
        let mut extents = Vec::new();
        add_run(
            &mut extents,
            Extent {
                logical: 0,
                physical: 100,
                count: 16,
            },
        );
        add_run(
            &mut extents,
            Extent {
                logical: 16,
                physical: 116,
                count: 40_000,
            },
        );
        add_run(
            &mut extents,
            Extent {
                logical: 50_000,
                physical: 40_116,
                count: 1,
            },
        );
        assert_eq!(
            extents,
            [
                Extent {
                    logical: 0,
                    physical: 100,
                    count: 32_768
                },
                Extent {
                    logical: 32_768,
                    physical: 32_868,
                    count: 7_248
                },
                Extent {
                    logical: 50_000,
                    physical: 40_116,
                    count: 1
                },
            ]
        );
    }

    /// Extents of one block each, with holes between them.
    fn scattered(count: u32) -> Vec<Extent> {
        (0..count)
            .map(|index| Extent {
                logical: 2 * index,
                physical: 100 + index,
                count: 1,
            })
            .collect()
    }

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn four_extents_are_in_the_inode_and_a_fifth_needs_a_block() {
        assert!(ExtentTree::new(&scattered(4), 1024, 7).blocks.is_empty());
        assert_eq!(ExtentTree::new(&scattered(5), 1024, 7).blocks.len(), 1024);
    }

    #[test]
    fn the_blocks_of_a_tree_follow_each_other_from_the_leaves_up() {
        // 84 entries fit a block of 1 KiB: five leaves, which need an index block because the root has four entries.
        let tree = ExtentTree::new(&scattered(4 * 84 + 1), 1024, 50_000);
        assert_eq!(tree.blocks.len(), 6 * 1024);
        let index = &tree.blocks[5 * 1024..];
        assert_eq!((word(&tree.root, 0) >> 16, word(&tree.root, 4) >> 16), (1, 2));
        assert_eq!((word(&tree.root, 12), word(&tree.root, 16)), (0, 50_005));
        assert_eq!((word(index, 0) >> 16, word(index, 4) >> 16), (5, 1));
        for leaf in 0..5_usize {
            let entry = HEADER_BYTES + leaf * ENTRY_BYTES;
            assert_eq!(word(index, entry), 2 * 84 * leaf as u32);
            assert_eq!(word(index, entry + 4), 50_000 + leaf as u32);
            assert_eq!(word(&tree.blocks, leaf * 1024 + HEADER_BYTES), 2 * 84 * leaf as u32);
        }
    }
}
