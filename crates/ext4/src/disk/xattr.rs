//! Extended attributes: in the rest of the inode, in one block, and large values in inodes of their own.

use super::checksum::crc32c;
use super::inode::XATTR_ROOM;
use super::put::{put16, put32};

/// EXT4_XATTR_MAGIC
pub(crate) const MAGIC: u32 = 0xea02_0000;
/// XATTR_SIZE_MAX, limits.h
pub(crate) const MAX_VALUE_BYTES: usize = 65_536;
/// `struct ext4_xattr_ibody_header`
pub(crate) const INODE_HEADER_BYTES: usize = 4;
/// `struct ext4_xattr_header`
pub(crate) const BLOCK_HEADER_BYTES: usize = 32;
/// "h_checksum" in that header.
pub(crate) const CHECKSUM_AT: usize = 16;
/// `struct ext4_xattr_entry` without its name.
pub(crate) const ENTRY_BYTES: usize = 16;
/// Four zero bytes after the last entry.
const END_BYTES: usize = 4;

/// Where a value is.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Next to its entry.
    Here(Vec<u8>),
    /// The content of the inode with this number; the checksum is that of the content.
    InInode { inode: u32, length: u32, checksum: u32 },
}

/// An attribute ready to be placed.
#[derive(Debug, Clone)]
pub(crate) struct Attribute {
    pub(crate) index: u8,
    pub(crate) name: Vec<u8>,
    pub(crate) value: Value,
}

impl Attribute {
    /// Bytes taken in an area.
    fn bytes(&self) -> usize {
        let value = match &self.value {
            Value::Here(value) => value.len().next_multiple_of(4),
            Value::InInode { .. } => 0,
        };
        self.entry_bytes() + value
    }

    fn entry_bytes(&self) -> usize {
        ENTRY_BYTES + self.name.len().next_multiple_of(4)
    }

    /// "e_hash": over the name and the words of the value, or over the checksum of a value in an inode.
    fn hash(&self) -> u32 {
        let name = self
            .name
            .iter()
            .fold(0_u32, |hash, byte| hash.rotate_left(5) ^ u32::from(*byte));
        let mix = |hash: u32, word: u32| hash.rotate_left(16) ^ word;
        match &self.value {
            Value::InInode { checksum, .. } => mix(name, *checksum),
            Value::Here(value) => value.chunks(4).fold(name, |hash, bytes| {
                let mut word = [0; 4];
                word[..bytes.len()].copy_from_slice(bytes);
                mix(hash, u32::from_le_bytes(word))
            }),
        }
    }
}

/// The attributes of one inode, placed.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    /// For the inode; empty, or at most [`XATTR_ROOM`] bytes.
    pub(crate) in_inode: Vec<u8>,
    /// For a block of its own.
    pub(crate) block: Option<Vec<u8>>,
}

/// Indices of the attributes whose values have to move to inodes before [`place`] can succeed: the largest ones first.
pub(crate) fn values_to_move_out(attributes: &[Attribute], block_bytes: usize) -> Vec<usize> {
    let mut left = attributes.to_vec();
    let mut by_size: Vec<usize> = (0..attributes.len()).collect();
    by_size.sort_by_key(|index| std::cmp::Reverse(attributes[*index].bytes() - attributes[*index].entry_bytes()));
    let mut moved = Vec::new();
    for index in by_size {
        let (_, for_block) = split(&left);
        if fits_block(&for_block, block_bytes) {
            break;
        }
        left[index].value = Value::InInode {
            inode: 0,
            length: 0,
            checksum: 0,
        };
        moved.push(index);
    }
    moved.sort_unstable();
    moved
}

/// Places attributes in the inode and in a block; `None` when their names alone are too much.
pub(crate) fn place(attributes: &[Attribute], block_bytes: usize) -> Option<Placed> {
    let (for_inode, for_block) = split(attributes);
    if !fits_block(&for_block, block_bytes) {
        return None;
    }
    let mut placed = Placed::default();
    if !for_inode.is_empty() {
        placed.in_inode = vec![0; XATTR_ROOM];
        put32(&mut placed.in_inode, 0, MAGIC);
        put_attributes(&mut placed.in_inode[INODE_HEADER_BYTES..], 0, &for_inode, false);
    }
    if !for_block.is_empty() {
        let mut block = vec![0; block_bytes];
        put32(&mut block[..], 0, MAGIC);
        put32(&mut block[..], 4, 1);
        put32(&mut block[..], 8, 1);
        let hashes = for_block.iter().map(|attribute| attribute.hash());
        put32(
            &mut block[..],
            12,
            hashes.fold(0_u32, |hash, entry| hash.rotate_left(16) ^ entry),
        );
        put_attributes(&mut block[..], BLOCK_HEADER_BYTES, &for_block, true);
        placed.block = Some(block);
    }
    Some(placed)
}

/// Small attributes go to the inode while there is room. Both lists are in the order that a block must have.
fn split(attributes: &[Attribute]) -> (Vec<&Attribute>, Vec<&Attribute>) {
    let mut sorted: Vec<&Attribute> = attributes.iter().collect();
    sorted.sort_by(|a, b| (a.index, a.name.len(), &a.name).cmp(&(b.index, b.name.len(), &b.name)));
    let mut room = XATTR_ROOM - INODE_HEADER_BYTES - END_BYTES;
    sorted.into_iter().partition(|attribute| {
        let fits = attribute.bytes() <= room;
        if fits {
            room -= attribute.bytes();
        }
        fits
    })
}

fn fits_block(attributes: &[&Attribute], block_bytes: usize) -> bool {
    let bytes: usize = attributes.iter().map(|attribute| attribute.bytes()).sum();
    bytes <= block_bytes - BLOCK_HEADER_BYTES - END_BYTES
}

/// Writes entries from `start` upwards and values from the end downwards; offsets of values count from the start of `area`.
fn put_attributes(area: &mut [u8], start: usize, attributes: &[&Attribute], in_block: bool) {
    let mut at = start;
    let mut values_at = area.len();
    for attribute in attributes {
        area[at] = attribute.name.len() as u8;
        area[at + 1] = attribute.index;
        match &attribute.value {
            Value::Here(value) => {
                values_at -= value.len().next_multiple_of(4);
                area[values_at..values_at + value.len()].copy_from_slice(value);
                put16(area, at + 2, if value.is_empty() { 0 } else { values_at as u16 });
                put32(area, at + 8, value.len() as u32);
                // The hash serves the sharing of blocks; inside an inode it may stay zero.
                put32(area, at + 12, if in_block { attribute.hash() } else { 0 });
            }
            Value::InInode { inode, length, .. } => {
                put32(area, at + 4, *inode);
                put32(area, at + 8, *length);
                put32(area, at + 12, attribute.hash());
            }
        }
        let name_at = at + ENTRY_BYTES;
        area[name_at..name_at + attribute.name.len()].copy_from_slice(&attribute.name);
        at += attribute.entry_bytes();
    }
}

/// Writes the checksum of a block of attributes, "h_checksum", which is over the block's number too.
pub(crate) fn put_block_checksum(block: &mut [u8], seed: u32, number: u32) {
    let sum = crc32c(crc32c(seed, &u64::from(number).to_le_bytes()), block);
    put32(block, CHECKSUM_AT, sum);
}

/// Whether attributes of these names (without prefix) fit at all, with every value in an inode of its own.
pub(crate) fn names_fit<'a>(names: impl Iterator<Item = &'a [u8]>, block_bytes: usize) -> bool {
    let bytes: usize = names.map(|name| ENTRY_BYTES + name.len().next_multiple_of(4)).sum();
    bytes <= block_bytes - BLOCK_HEADER_BYTES - END_BYTES
}
