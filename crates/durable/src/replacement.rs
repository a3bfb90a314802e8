//! A large file that takes the place of another one once it is complete.

use std::fs::File;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::directory::sync_dir;
use crate::nameless::scratch_file;
use crate::replace::{ReplaceError, locked_temporary, sweep};
use crate::sync::sync_data_in_order;

/// A file that is being written beside the one that it is to replace. Dropped, it is gone; a writer that is killed leaves it to [`sweep`].
#[derive(Debug)]
pub struct Replacement {
    temporary: NamedTempFile,
    path: PathBuf,
    directory: PathBuf,
}

impl Replacement {
    /// Begins an empty file, mode 0600, that is to replace the one at `path`. What killed writers have left there is removed.
    ///
    /// # Errors
    /// [`ReplaceError::NotAFile`], [`ReplaceError::Write`].
    pub fn begin(path: &Path) -> Result<Self, ReplaceError> {
        let directory = path
            .parent()
            .ok_or_else(|| ReplaceError::NotAFile { path: path.to_owned() })?;
        sweep(directory);
        let temporary = locked_temporary(directory).map_err(|source| ReplaceError::Write {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            temporary,
            path: path.to_owned(),
            directory: directory.to_owned(),
        })
    }

    /// The new file.
    #[must_use]
    pub fn file(&self) -> &File {
        self.temporary.as_file()
    }

    /// An empty file without a name on the same file system.
    ///
    /// # Errors
    /// [`ReplaceError::Write`]
    pub fn scratch(&self) -> Result<File, ReplaceError> {
        scratch_file(&self.directory).map_err(|source| ReplaceError::Write {
            path: self.path.clone(),
            source,
        })
    }

    /// Puts the file in its place, durably.
    ///
    /// # Errors
    /// [`ReplaceError::Sync`], [`ReplaceError::Rename`]; unless it is the directory that cannot be synced, the old file is in place.
    pub fn commit(self) -> Result<(), ReplaceError> {
        let path = self.path;
        let unsynced = |source| ReplaceError::Sync {
            path: path.clone(),
            source,
        };
        sync_data_in_order(self.temporary.as_file()).map_err(unsynced)?;
        self.temporary.persist(&path).map_err(|failed| ReplaceError::Rename {
            path: path.clone(),
            source: failed.error,
        })?;
        sync_dir(&self.directory).map_err(|error| match error {
            crate::DirectoryError::Create { source, .. } | crate::DirectoryError::Sync { source, .. } => {
                unsynced(source)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn the_old_file_stays_until_the_new_one_is_complete() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("disk");
        std::fs::write(&path, "old").unwrap();
        std::fs::write(root.path().join(".tmp-killed"), "half").unwrap();
        drop(Replacement::begin(&path).unwrap());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
        let new = Replacement::begin(&path).unwrap();
        new.file().write_all(b"new").unwrap();
        new.scratch().unwrap().write_all(b"scratch").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        new.commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
