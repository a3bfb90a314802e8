//! The disk space that a template takes.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Unit of `st_blocks` (stat(2)), whatever the block size of the file system.
const BLOCK_BYTES: u64 = 512;

/// Bytes that the files in a directory take on disk: holes count nothing. What cannot be looked at counts nothing either.
pub(crate) fn allocated_bytes(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.metadata().ok())
        .map(|file| of(&file))
        .sum()
}

fn of(file: &Metadata) -> u64 {
    file.blocks() * BLOCK_BYTES
}
