//! Directory entries (`struct ext4_dir_entry_2`) and directories of one block.

use super::BLOCK_BYTES;
use super::checksum::crc32c;
use super::inode::inode_seed;
use super::put::{put16, put32};

/// Bytes of an entry before its name.
const ENTRY_HEADER_BYTES: usize = 8;
/// Bytes of the entries `.` and `..`.
const DOTS_BYTES: usize = 24;
/// `struct ext4_dir_entry_tail`: the end of each block of a directory on a disk with metadata checksums.
pub(crate) const TAIL_BYTES: usize = 12;
/// EXT4_FT_DIR_CSUM: the "file_type" of that end.
pub(crate) const TAIL_FILE_TYPE: u8 = 0xde;

/// "file_type" of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FileType {
    Regular = 1,
    Directory = 2,
    Character = 3,
    Block = 4,
    Fifo = 5,
    Socket = 6,
    Symlink = 7,
}

/// A name in a directory, 1 to 255 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DirectoryEntry<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) inode: u32,
    pub(crate) file_type: FileType,
}

/// Bytes that an entry with a name of this length takes at least.
pub(crate) fn entry_bytes(name_bytes: usize) -> usize {
    (ENTRY_HEADER_BYTES + name_bytes).next_multiple_of(4)
}

/// Writes `entry` at `at`, covering `length` bytes.
pub(crate) fn put_entry(block: &mut [u8], at: usize, length: usize, entry: DirectoryEntry<'_>) {
    put32(block, at, entry.inode);
    put16(block, at + 4, length as u16);
    block[at + 6] = entry.name.len() as u8;
    block[at + 7] = entry.file_type as u8;
    let name_at = at + ENTRY_HEADER_BYTES;
    block[name_at..name_at + entry.name.len()].copy_from_slice(entry.name);
}

/// Writes the entries `.` and `..`; the second covers everything up to `end`.
pub(crate) fn put_dots(block: &mut [u8], own: u32, parent: u32, end: usize) {
    put_entry(
        block,
        0,
        12,
        DirectoryEntry {
            name: b".",
            inode: own,
            file_type: FileType::Directory,
        },
    );
    put_entry(
        block,
        12,
        end - 12,
        DirectoryEntry {
            name: b"..",
            inode: parent,
            file_type: FileType::Directory,
        },
    );
}

/// Fills one block with entries from byte `start` on; the last one covers the rest. Returns how many fitted.
pub(crate) fn fill_block(block: &mut [u8], start: usize, entries: &[DirectoryEntry<'_>]) -> usize {
    let mut at = start;
    let mut last = None;
    let mut fitted = 0;
    for entry in entries {
        let length = entry_bytes(entry.name.len());
        if at + length > block.len() {
            break;
        }
        put_entry(block, at, length, *entry);
        last = Some(at);
        at += length;
        fitted += 1;
    }
    if let Some(last) = last {
        let rest = block.len() - last;
        put16(block, last + 4, rest as u16);
    }
    fitted
}

/// Whether entries that take `entries_bytes` together fit one block besides `.` and `..`.
pub(crate) fn fits_single_block(entries_bytes: usize, block_bytes: usize) -> bool {
    DOTS_BYTES + entries_bytes <= block_bytes
}

/// The single block of a small directory on a writable disk, whose checksums have this `seed`; `None` when the entries need more.
pub(crate) fn single_block_with_checksum(
    seed: u32,
    own: u32,
    parent: u32,
    entries: &[DirectoryEntry<'_>],
) -> Option<[u8; BLOCK_BYTES]> {
    let tail = BLOCK_BYTES - TAIL_BYTES;
    let mut block = [0; BLOCK_BYTES];
    if !put_directory(&mut block[..tail], own, parent, entries) {
        return None;
    }
    put_tail(&mut block, inode_seed(seed, own, 0));
    Some(block)
}

/// Ends a block of names with its checksum, which starts with `seed`.
pub(crate) fn put_tail(block: &mut [u8], seed: u32) {
    let tail = block.len() - TAIL_BYTES;
    put16(block, tail + 4, TAIL_BYTES as u16);
    block[tail + 7] = TAIL_FILE_TYPE;
    let sum = crc32c(seed, &block[..tail]);
    put32(block, tail + 8, sum);
}

/// Covers `block` with a whole directory, or tells that the entries need more.
pub(crate) fn put_directory(block: &mut [u8], own: u32, parent: u32, entries: &[DirectoryEntry<'_>]) -> bool {
    let needed: usize = entries.iter().map(|entry| entry_bytes(entry.name.len())).sum();
    if !fits_single_block(needed, block.len()) {
        return false;
    }
    let dots_end = if entries.is_empty() { block.len() } else { DOTS_BYTES };
    put_dots(block, own, parent, dots_end);
    fill_block(block, DOTS_BYTES, entries);
    true
}
