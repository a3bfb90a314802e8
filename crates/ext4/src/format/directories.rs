//! The root directory of an empty disk and the empty directories in it, one block each.

use std::collections::BTreeSet;

use crate::disk::directory::{DirectoryEntry, FileType, single_block_with_checksum};
use crate::disk::{BLOCK_BYTES, FIRST_INODE, ROOT_INODE};
use crate::error::FormatError;

/// EXT4_NAME_LEN
const MAX_NAME_BYTES: usize = 255;

/// The blocks of the root and of the directories called `names`, in this order. The directories have the inodes from [`FIRST_INODE`] on.
pub(super) fn blocks(names: &[String], seed: u32) -> Result<Vec<u8>, FormatError> {
    let mut seen = BTreeSet::new();
    if let Some(name) = names.iter().find(|name| !is_entry_name(name) || !seen.insert(*name)) {
        return Err(FormatError::DirectoryName { name: name.clone() });
    }
    let too_many = || FormatError::TooManyDirectories { count: names.len() };
    let entries: Vec<DirectoryEntry<'_>> = (FIRST_INODE..)
        .zip(names)
        .map(|(inode, name)| DirectoryEntry {
            name: name.as_bytes(),
            inode,
            file_type: FileType::Directory,
        })
        .collect();
    let root = single_block_with_checksum(seed, ROOT_INODE, ROOT_INODE, &entries).ok_or_else(too_many)?;
    let mut blocks = Vec::with_capacity((1 + entries.len()) * BLOCK_BYTES);
    blocks.extend_from_slice(&root);
    for entry in &entries {
        let block = single_block_with_checksum(seed, entry.inode, ROOT_INODE, &[]).ok_or_else(too_many)?;
        blocks.extend_from_slice(&block);
    }
    Ok(blocks)
}

fn is_entry_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && name.len() <= MAX_NAME_BYTES && !name.contains(['/', '\0'])
}
