//! What a disk says of how it was used.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::disk::superblock::SUPERBLOCK_BYTES;
use crate::error::ReadError;

/// EXT4_SUPER_MAGIC
const MAGIC: [u8; 2] = [0x53, 0xef];
/// "s_magic", ext4(5).
const MAGIC_AT: usize = 0x38;
/// "s_mtime": when it was last mounted writable, 0 for never.
const MOUNTED_AT: usize = 0x2c;
/// "s_feature_incompat"
const INCOMPAT_AT: usize = 0x60;
/// EXT4_FEATURE_INCOMPAT_RECOVER
const RECOVER: u8 = 0x4;

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
    if superblock[MAGIC_AT..MAGIC_AT + 2] != MAGIC {
        return Err(ReadError::Damaged {
            what: "it has no superblock of EXT4",
        });
    }
    Ok(MountState {
        was_mounted: superblock[MOUNTED_AT..MOUNTED_AT + 4] != [0; 4],
        needs_recovery: superblock[INCOMPAT_AT] & RECOVER != 0,
    })
}
