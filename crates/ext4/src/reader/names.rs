//! What directories contain.

use super::{Node, NodeKind, Reader, damaged};
use crate::disk::checksum::crc32c;
use crate::disk::directory::{FileType, TAIL_BYTES, TAIL_FILE_TYPE};
use crate::disk::get::{u16_at, u32_at};
use crate::disk::inode::flags;
use crate::error::ReadError;

/// Bytes of an entry before its name.
const ENTRY_HEADER_BYTES: usize = 8;
/// `struct dx_entry`
const INDEX_ENTRY_BYTES: usize = 8;
/// `struct dx_tail`
const INDEX_TAIL_BYTES: usize = 8;

/// The names in a directory without `.` and `..`: sixteen bytes of memory each, and the names themselves.
#[derive(Debug, Clone, Default)]
pub struct Names {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    at: u32,
    inode: u32,
    length: u8,
    /// "file_type"
    file_type: u8,
}

impl Names {
    /// The most that the names and their entries may take: some ten million names of usual length in one directory.
    pub const MAX_BYTES: usize = 512 << 20;

    /// The number of names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the directory is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Name and inode number `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(&[u8], u32)> {
        self.entries.get(index).map(|entry| (self.name(*entry), entry.inode))
    }

    /// The inode of `name`, after [`Self::sort`].
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<u32> {
        let found = self.entries.binary_search_by(|entry| self.name(*entry).cmp(name));
        found.ok().map(|index| self.entries[index].inode)
    }

    /// Whether name `index` is that of a directory.
    #[must_use]
    pub fn is_directory(&self, index: usize) -> bool {
        let entry = self.entries.get(index);
        entry.is_some_and(|entry| entry.file_type == FileType::Directory as u8)
    }

    /// Whether name `index` is that of a regular file.
    #[must_use]
    pub fn is_file(&self, index: usize) -> bool {
        let entry = self.entries.get(index);
        entry.is_some_and(|entry| entry.file_type == FileType::Regular as u8)
    }

    /// Puts the names in the order of their bytes.
    pub fn sort(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable_by(|a, b| self.name(*a).cmp(self.name(*b)));
        self.entries = entries;
    }

    /// What the names and their entries take.
    pub(crate) fn taken_bytes(&self) -> usize {
        self.bytes.len() + self.entries.len() * size_of::<Entry>()
    }

    fn name(&self, entry: Entry) -> &[u8] {
        let at = entry.at as usize;
        &self.bytes[at..at + usize::from(entry.length)]
    }

    /// Takes in the entries of a block. Index entries are inside of an entry without an inode, which is skipped.
    fn add_block(&mut self, block: &[u8]) -> Result<(), ReadError> {
        let mut at = 0;
        while at < block.len() {
            let (inode, length) = (u32_at(block, at), usize::from(u16_at(block, at + 4)));
            let (name_bytes, file_type) = match block.get(at + 6..at + 8) {
                Some([name_bytes, file_type]) => (*name_bytes, *file_type),
                _ => (0, 0),
            };
            let name_at = at + ENTRY_HEADER_BYTES;
            let name = block.get(name_at..name_at + usize::from(name_bytes));
            let is_whole = ENTRY_HEADER_BYTES + usize::from(name_bytes) <= length && length <= block.len() - at;
            let Some(name) = name.filter(|_| is_whole) else {
                return Err(damaged("a directory's entry is cut off"));
            };
            if inode != 0 && !matches!(name, b"" | b"." | b"..") {
                if self.taken_bytes() > Self::MAX_BYTES {
                    return Err(damaged("a directory is too large"));
                }
                self.entries.push(Entry {
                    at: self.bytes.len() as u32,
                    inode,
                    length: name_bytes,
                    file_type,
                });
                self.bytes.extend_from_slice(name);
            }
            at += length;
        }
        Ok(())
    }
}

impl Reader {
    /// What `directory` contains, in no order.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn names(&self, directory: &Node) -> Result<Names, ReadError> {
        if directory.kind() != NodeKind::Directory {
            return Err(damaged("a directory is none"));
        }
        let mut names = Names::default();
        let mut block = vec![0; self.block_bytes()];
        let seed = self.seed_of(directory);
        let is_indexed = directory.flags() & flags::INDEX != 0;
        self.each_extent(directory, |extent| {
            for number in extent.physical..extent.physical.saturating_add(extent.count) {
                self.read_block(number, &mut block)?;
                // Index blocks have no names, and checksums of another form. One that was a block of names before still looks as if it ended as those do.
                let index = if is_indexed { IndexBlock::find(&block) } else { None };
                match (seed, index) {
                    (Some(seed), Some(index)) => index.verify(&block, seed)?,
                    (Some(seed), None) => names.add_block(without_tail(&block, seed)?)?,
                    (None, Some(_)) => {}
                    (None, None) => names.add_block(&block)?,
                }
            }
            Ok::<_, ReadError>(())
        })?;
        Ok(names)
    }
}

/// The entries of a block that ends with a checksum, which is compared.
fn without_tail(block: &[u8], seed: u32) -> Result<&[u8], ReadError> {
    let (entries, tail) = block.split_at(block.len() - TAIL_BYTES);
    let is_tail = u32_at(tail, 0) == 0 && tail[4..8] == [TAIL_BYTES as u8, 0, 0, TAIL_FILE_TYPE];
    match is_tail && crc32c(seed, entries) == u32_at(tail, 8) {
        true => Ok(entries),
        false => Err(damaged("the checksum of a block of a directory is wrong")),
    }
}

/// A block of a directory's index: "struct dx_root" or "struct dx_node".
struct IndexBlock {
    /// Where the numbers of entries are: "limit" and "count", in the place of the first entry's hash.
    entries_at: usize,
}

impl IndexBlock {
    /// Tells index blocks by what makes old kernels take them for directory blocks without names.
    fn find(block: &[u8]) -> Option<Self> {
        let length = u16_at(block, 4);
        let covers = |at: usize| usize::from(u16_at(block, at + 4)) == block.len() - at;
        if u32_at(block, 0) == 0 && covers(0) {
            return Some(Self { entries_at: 8 });
        }
        // `.`, `..` over the rest, and "info_length".
        let is_root = length == 12 && covers(12) && u32_at(block, 24) == 0 && block.get(29) == Some(&8);
        is_root.then_some(Self { entries_at: 32 })
    }

    /// Compares the checksum behind the room for entries, "struct dx_tail".
    fn verify(&self, block: &[u8], seed: u32) -> Result<(), ReadError> {
        let (limit, count) = (u16_at(block, self.entries_at), u16_at(block, self.entries_at + 2));
        let tail_at = self.entries_at + usize::from(limit) * INDEX_ENTRY_BYTES;
        let used = block.get(..self.entries_at + usize::from(count) * INDEX_ENTRY_BYTES);
        let tail = block.get(tail_at..tail_at + INDEX_TAIL_BYTES);
        match (used, tail) {
            (Some(used), Some(tail)) if crc32c(crc32c(crc32c(seed, used), &tail[..4]), &[0; 4]) == u32_at(tail, 4) => {
                Ok(())
            }
            _ => Err(damaged("the checksum of a directory's index is wrong")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::put::{put16, put32};

    /// The root of an index in a block that was one of names before: what the kernel leaves at its end.
    fn index_root(seed: u32) -> Vec<u8> {
        let mut block = vec![0; 4096];
        put16(&mut block, 4, 12);
        put16(&mut block, 16, 4084);
        block[29] = 8;
        let (limit, count) = (507_u16, 2_u16);
        put16(&mut block, 32, limit);
        put16(&mut block, 34, count);
        put32(
            &mut block,
            4092 - 4,
            u32::from_le_bytes([TAIL_BYTES as u8, 0, 0, TAIL_FILE_TYPE]),
        );
        let sum = crc32c(crc32c(seed, &block[..32 + 16]), &block[4088..4092]);
        put32(&mut block, 4092, crc32c(sum, &[0; 4]));
        block
    }

    #[test]
    fn an_index_that_ends_as_names_do_is_told_from_them() {
        let block = index_root(7);
        let index = IndexBlock::find(&block).unwrap();
        assert!(index.verify(&block, 7).is_ok());
        assert!(index.verify(&block, 8).is_err());
        assert!(without_tail(&block, 7).is_err());
    }

    #[test]
    fn an_index_with_impossible_numbers_is_damaged() {
        let mut block = index_root(7);
        put16(&mut block, 32, u16::MAX);
        assert!(IndexBlock::find(&block).unwrap().verify(&block, 7).is_err());
        put16(&mut block, 34, u16::MAX);
        assert!(IndexBlock::find(&block).unwrap().verify(&block, 7).is_err());
    }
}
