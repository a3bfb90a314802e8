//! What directories contain.

use super::bytes::{u16_at, u32_at};
use super::{Node, Reader, damaged};
use crate::disk::directory::FileType;
use crate::error::ReadError;

/// Bytes of an entry before its name.
const ENTRY_HEADER_BYTES: usize = 8;

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
                self.entries.push(Entry {
                    at: u32::try_from(self.bytes.len()).map_err(|_| damaged("a directory is too large"))?,
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
        let mut names = Names::default();
        let mut block = vec![0; self.block_bytes];
        for extent in self.extents(directory)? {
            for number in extent.physical..extent.physical.saturating_add(extent.count) {
                self.read_block(number, &mut block)?;
                names.add_block(&block)?;
            }
        }
        Ok(names)
    }
}
