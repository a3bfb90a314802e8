//! Room for one more record on a disk that is full by then.

use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::replace::{ReplaceError, locked_temporary, put_in_place};

/// How large the record may be, bytes: one block of most file systems.
const RESERVE_BYTES: usize = 4096;

/// A file with room for a small record, beside the one that it is to replace. Where a file system writes to the blocks that a file has
/// (not btrfs and ZFS, which take new ones), it does not need any more room than that. Dropped, it is removed.
#[derive(Debug)]
pub struct Reserve(NamedTempFile);

impl Reserve {
    /// Keeps room in `directory`. It is not synced: only its blocks matter.
    ///
    /// # Errors
    /// When there is no room, or no file can be made.
    pub fn keep(directory: &Path) -> io::Result<Self> {
        let mut file = locked_temporary(directory)?;
        file.write_all(&[0; RESERVE_BYTES])?;
        Ok(Self(file))
    }

    /// As [`crate::replace`], with the room that was kept.
    pub(crate) fn replace(self, path: &Path, bytes: &[u8]) -> Result<(), ReplaceError> {
        let Self(mut file) = self;
        let write_error = |source| ReplaceError::Write {
            path: path.to_owned(),
            source,
        };
        file.seek(SeekFrom::Start(0)).map_err(write_error)?;
        file.write_all(bytes).map_err(write_error)?;
        file.as_file().set_len(bytes.len() as u64).map_err(write_error)?;
        put_in_place(file, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_becomes_the_record_and_nothing_else_is_left() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("record.json");
        crate::replace(&path, b"the one before").unwrap();
        let reserve = Reserve::keep(root.path()).unwrap();
        crate::sweep(root.path());
        reserve.replace(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        drop(Reserve::keep(root.path()).unwrap());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
