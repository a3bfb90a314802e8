//! Hashed directories (`dir_index`): leaf blocks sorted by the hash of their names under an index that starts in the first block.
//!
//! The blocks are root, index blocks level by level from the top, leaves. Leaves are filled to the brim: nobody adds to a layer disk.

use super::BLOCK_BYTES;
use super::directory::{DirectoryEntry, fill_block, put_dots};
use super::dirhash::half_md4;
use super::put::{put16, put32};
use super::superblock::HASH_HALF_MD4;

/// Bytes before the index entries of the root: `.`, `..` and `struct dx_root_info`.
const ROOT_HEADER_BYTES: usize = 32;
/// Bytes before the index entries of another index block: an empty entry that covers the block.
const NODE_HEADER_BYTES: usize = 8;
const INDEX_ENTRY_BYTES: usize = 8;
const ROOT_ENTRIES: usize = (BLOCK_BYTES - ROOT_HEADER_BYTES) / INDEX_ENTRY_BYTES;
const NODE_ENTRIES: usize = (BLOCK_BYTES - NODE_HEADER_BYTES) / INDEX_ENTRY_BYTES;

/// The blocks of a hashed directory.
pub(crate) struct HashTree {
    pub(crate) bytes: Vec<u8>,
    /// Index levels below the root ("indirect_levels"); more than one needs the feature large_dir.
    pub(crate) indirect_levels: u8,
}

/// An index entry: the first hash of a block, and the block's place at its level.
#[derive(Clone, Copy)]
struct Indexed {
    hash: u32,
    position: usize,
}

/// Lays out a directory with these entries.
pub(crate) fn build(own: u32, parent: u32, entries: &[DirectoryEntry<'_>], seed: [u32; 4]) -> HashTree {
    let (leaves, leaf_index) = build_leaves(entries, seed);

    // From the leaves up to a level that fits the root: each level is a list of blocks with the entries they hold.
    let mut levels: Vec<Vec<Vec<Indexed>>> = Vec::new();
    let mut level = leaf_index;
    while level.len() > ROOT_ENTRIES {
        let nodes: Vec<Vec<Indexed>> = level.chunks(NODE_ENTRIES).map(<[Indexed]>::to_vec).collect();
        level = nodes
            .iter()
            .enumerate()
            .map(|(position, node)| Indexed {
                hash: node[0].hash,
                position,
            })
            .collect();
        levels.push(nodes);
    }
    levels.reverse();

    let node_count: usize = levels.iter().map(Vec::len).sum();
    let mut bytes = Vec::with_capacity((1 + node_count) * BLOCK_BYTES + leaves.len());
    // Number of the first block of the level below the one being written.
    let mut below = 1;

    let mut root = [0; BLOCK_BYTES];
    put_dots(&mut root, own, parent, BLOCK_BYTES);
    root[28] = HASH_HALF_MD4;
    root[29] = 8;
    root[30] = levels.len() as u8;
    put_index(&mut root[ROOT_HEADER_BYTES..], &level, ROOT_ENTRIES, below);
    bytes.extend_from_slice(&root);

    for nodes in &levels {
        below += nodes.len();
        for node in nodes {
            let mut block = [0; BLOCK_BYTES];
            put16(&mut block, 4, BLOCK_BYTES as u16);
            put_index(&mut block[NODE_HEADER_BYTES..], node, NODE_ENTRIES, below);
            bytes.extend_from_slice(&block);
        }
    }
    bytes.extend_from_slice(&leaves);
    HashTree {
        bytes,
        indirect_levels: levels.len() as u8,
    }
}

fn build_leaves(entries: &[DirectoryEntry<'_>], seed: [u32; 4]) -> (Vec<u8>, Vec<Indexed>) {
    let mut hashed: Vec<(u32, DirectoryEntry<'_>)> = entries
        .iter()
        .map(|entry| (half_md4(entry.name, seed), *entry))
        .collect();
    hashed.sort_by_key(|(hash, _)| *hash);
    let (hashes, sorted): (Vec<u32>, Vec<DirectoryEntry<'_>>) = hashed.into_iter().unzip();

    let mut leaves = Vec::new();
    let mut index = Vec::new();
    let mut done = 0;
    while done < sorted.len() {
        let mut block = [0; BLOCK_BYTES];
        let fitted = fill_block(&mut block, 0, &sorted[done..]);
        // The lowest bit says that entries of the same hash start in the block before.
        let continued = u32::from(done > 0 && hashes[done - 1] == hashes[done]);
        index.push(Indexed {
            hash: hashes[done] | continued,
            position: index.len(),
        });
        leaves.extend_from_slice(&block);
        done += fitted;
    }
    (leaves, index)
}

/// Writes `struct dx_countlimit` and the entries. The first entry has no hash: the count and the limit are in its place.
fn put_index(area: &mut [u8], entries: &[Indexed], room: usize, below: usize) {
    for (slot, entry) in area.chunks_exact_mut(INDEX_ENTRY_BYTES).zip(entries) {
        put32(slot, 0, entry.hash);
        put32(slot, 4, (below + entry.position) as u32);
    }
    put16(area, 0, room as u16);
    put16(area, 2, entries.len() as u16);
}
