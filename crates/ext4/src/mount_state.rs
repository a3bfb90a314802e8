//! What a disk says of how it was used.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::disk::superblock::{Facts, SUPERBLOCK_BYTES};
use crate::error::ReadError;

/// How a disk was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MountState {
    /// Whether it was ever mounted writable.
    pub was_mounted: bool,
    /// Whether its journal is to be replayed: the machine that had it ended before it was unmounted. A kernel that has the disk read-only does not mount it
    /// then.
    pub needs_recovery: bool,
}

/// Looks at the superblock of a disk that nobody writes to.
///
/// # Errors
/// [`ReadError`]
pub fn mount_state(disk: &File) -> Result<MountState, ReadError> {
    let mut superblock = [0; SUPERBLOCK_BYTES];
    disk.read_exact_at(&mut superblock, SUPERBLOCK_BYTES as u64)?;
    let facts = Facts::decode(&superblock).ok_or(ReadError::Damaged {
        what: "it has no superblock of EXT4",
    })?;
    Ok(MountState {
        was_mounted: facts.mounted_seconds != 0,
        needs_recovery: facts.needs_recovery(),
    })
}
