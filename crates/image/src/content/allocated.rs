//! The disk space that files take.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Unit of `st_blocks` (stat(2)), whatever the block size of the file system.
const BLOCK_BYTES: u64 = 512;

/// Bytes of the disk that removing the file would give back; for a directory, the sum of what is in it.
///
/// Holes take no space, and a file with several hard links counts as 0, because the others keep its blocks. Blocks that are
/// shared with another file (reflinks) are counted, because no file system tells cheaply which they are. A path that does
/// not exist, or cannot be looked at, counts as 0.
#[must_use]
pub fn allocated_bytes(path: &Path) -> u64 {
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return 0;
    };
    if !metadata.is_dir() {
        return of_file(&metadata);
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let contents: u64 = entries.map(|entry| allocated_bytes(&entry.path())).sum();
    contents + metadata.blocks() * BLOCK_BYTES
}

fn of_file(metadata: &Metadata) -> u64 {
    if metadata.nlink() > 1 {
        return 0;
    }
    metadata.blocks() * BLOCK_BYTES
}
