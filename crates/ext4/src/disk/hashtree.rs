//! Hashed directories (`dir_index`): leaf blocks sorted by the hash of their names under an index that starts in the first block.
//!
//! The blocks are root, index blocks level by level from the top, leaves. Leaves are filled completely, because no entry is ever added to a read-only disk. The layout needs only
//! hashes and lengths of names, so that the names of a large directory need not be in memory at once.

use super::checksum::crc32c;
use super::directory::{TAIL_BYTES, entry_bytes, put_dots};
use super::put::{put16, put32};
use super::superblock::HASH_HALF_MD4;

/// Bytes before the index entries of the root: `.`, `..` and `struct dx_root_info`.
const ROOT_HEADER_BYTES: usize = 32;
/// Bytes before the index entries of another index block: an empty entry that covers the block.
const NODE_HEADER_BYTES: usize = 8;
const INDEX_ENTRY_BYTES: usize = 8;

/// Where the entries of a hashed directory go.
pub(crate) struct HashTree {
    /// How many entries each leaf has.
    pub(crate) leaves: Vec<u32>,
    /// Index blocks below the root, level by level from the top: each is a list of blocks with the entries they hold.
    levels: Vec<Vec<Vec<Indexed>>>,
    /// The entries of the root.
    root: Vec<Indexed>,
    block_bytes: usize,
    /// Entries that do not fit index blocks because they end with a checksum.
    left_off: usize,
}

/// An index entry: the first hash of a block, and the block's place at its level.
#[derive(Clone, Copy)]
struct Indexed {
    hash: u32,
    position: usize,
}

impl HashTree {
    /// Lays out entries, given by hash and length of name in the order of their hashes.
    ///
    /// If the blocks end with checksums, leaves have [`TAIL_BYTES`] less, and index blocks one entry, whose place `struct dx_tail` takes.
    pub(crate) fn lay_out(
        entries: impl Iterator<Item = (u32, usize)>,
        block_bytes: usize,
        has_checksums: bool,
    ) -> Self {
        let (tail_bytes, left_off) = if has_checksums { (TAIL_BYTES, 1) } else { (0, 0) };
        let (leaves, mut root) = lay_out_leaves(entries, block_bytes - tail_bytes);
        // From the leaves up to a level that fits the root.
        let mut levels: Vec<Vec<Vec<Indexed>>> = Vec::new();
        while root.len() > root_entries(block_bytes) - left_off {
            let nodes: Vec<Vec<Indexed>> = root
                .chunks(node_entries(block_bytes) - left_off)
                .map(<[Indexed]>::to_vec)
                .collect();
            root = nodes
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
        Self {
            leaves,
            levels,
            root,
            block_bytes,
            left_off,
        }
    }

    /// Index levels below the root ("indirect_levels"); more than one needs the feature large_dir.
    pub(crate) fn indirect_levels(&self) -> u8 {
        self.levels.len() as u8
    }

    /// All blocks before the leaves, with checksums if those that belong to the directory start with a `seed`.
    pub(crate) fn index_blocks(&self, own: u32, parent: u32, seed: Option<u32>) -> Vec<u8> {
        let block_bytes = self.block_bytes;
        // Number of the first block of the level below the one being written.
        let mut below = 1;
        let mut root = vec![0; block_bytes];
        put_dots(&mut root, own, parent, block_bytes);
        root[28] = HASH_HALF_MD4;
        root[29] = 8;
        root[30] = self.indirect_levels();
        put_index(
            &mut root[ROOT_HEADER_BYTES..],
            &self.root,
            root_entries(block_bytes) - self.left_off,
            below,
        );
        put_index_tail(&mut root, ROOT_HEADER_BYTES + self.root.len() * INDEX_ENTRY_BYTES, seed);
        let mut blocks = root;
        for nodes in &self.levels {
            below += nodes.len();
            for node in nodes {
                let mut block = vec![0; block_bytes];
                put16(&mut block, 4, block_bytes as u16);
                let room = node_entries(block_bytes) - self.left_off;
                put_index(&mut block[NODE_HEADER_BYTES..], node, room, below);
                put_index_tail(&mut block, NODE_HEADER_BYTES + node.len() * INDEX_ENTRY_BYTES, seed);
                blocks.extend_from_slice(&block);
            }
        }
        blocks
    }
}

fn root_entries(block_bytes: usize) -> usize {
    (block_bytes - ROOT_HEADER_BYTES) / INDEX_ENTRY_BYTES
}

fn node_entries(block_bytes: usize) -> usize {
    (block_bytes - NODE_HEADER_BYTES) / INDEX_ENTRY_BYTES
}

fn lay_out_leaves(entries: impl Iterator<Item = (u32, usize)>, block_bytes: usize) -> (Vec<u32>, Vec<Indexed>) {
    let mut leaves: Vec<u32> = Vec::new();
    let mut index = Vec::new();
    let (mut used, mut previous) = (block_bytes, None);
    for (hash, name_bytes) in entries {
        let length = entry_bytes(name_bytes);
        if used + length > block_bytes {
            // The lowest bit says that entries of the same hash start in the block before.
            let continued = u32::from(previous == Some(hash));
            index.push(Indexed {
                hash: hash | continued,
                position: index.len(),
            });
            leaves.push(0);
            used = 0;
        }
        if let Some(count) = leaves.last_mut() {
            *count += 1;
        }
        used += length;
        previous = Some(hash);
    }
    (leaves, index)
}

/// Ends an index block whose entries end at `used_bytes` with its checksum, `struct dx_tail`.
fn put_index_tail(block: &mut [u8], used_bytes: usize, seed: Option<u32>) {
    if let Some(seed) = seed {
        // Four reserved bytes and the checksum itself count as zeros.
        let sum = crc32c(crc32c(seed, &block[..used_bytes]), &[0; INDEX_ENTRY_BYTES]);
        let at = block.len() - 4;
        put32(block, at, sum);
    }
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
