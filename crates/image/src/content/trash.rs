//! The trash: how files leave the store.
//!
//! An unneeded file is renamed into the trash at once and removed later, so that the garbage collection need not hold the
//! gate shut while the file system frees the blocks. A collection that is killed in between leaves files in the trash, which
//! the next sweep removes.

use std::io;
use std::path::Path;
use std::time::Duration;

use container_durable::{FileLock, LockMode};

use super::allocated::allocated_bytes;
use super::entries::entries;
use super::{ContentError, StorePaths};

/// The longest wait for the trash. Emptying that of a large store takes seconds; a process that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// The right to fill and empty the trash, which one operation at a time has.
#[derive(Debug)]
pub(crate) struct Trash<'a> {
    paths: &'a StorePaths,
    _lock: FileLock,
}

impl<'a> Trash<'a> {
    /// Waits until no other operation has it.
    pub(crate) fn own(paths: &'a StorePaths) -> Result<Self, ContentError> {
        let path = paths.trash_lock();
        let lock = FileLock::acquire_within(&path, LockMode::Exclusive, LIMIT)?;
        let lock = lock.ok_or(ContentError::Busy { path })?;
        Ok(Self { paths, _lock: lock })
    }

    /// Empties the trash that an interrupted operation left; does nothing while another operation has it.
    pub(crate) fn empty_abandoned(paths: &'a StorePaths) -> Result<(), ContentError> {
        if !has_entries(&paths.trash_dir()) {
            return Ok(());
        }
        if let Some(lock) = FileLock::try_acquire(&paths.trash_lock(), LockMode::Exclusive)? {
            Trash { paths, _lock: lock }.empty()?;
        }
        Ok(())
    }

    /// Takes the file out of the store; `false` when it is gone already.
    pub(crate) fn take(&self, path: &Path) -> Result<bool, ContentError> {
        let Some(name) = path.file_name() else { return Ok(false) };
        match std::fs::rename(path, self.paths.trash_dir().join(name)) {
            Ok(()) => Ok(true),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(ContentError::io("remove", path, source)),
        }
    }

    /// Removes what is in the trash, and returns the bytes that the disk got back.
    ///
    /// A file that cannot be removed now is left for the next time.
    pub(crate) fn empty(&self) -> Result<u64, ContentError> {
        let mut freed_bytes = 0;
        for path in entries(&self.paths.trash_dir())? {
            freed_bytes += remove(&path);
        }
        Ok(freed_bytes)
    }
}

/// Removes a file or directory, and returns the bytes that the disk got back.
pub(crate) fn remove(path: &Path) -> u64 {
    let bytes = allocated_bytes(path);
    let removed = match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Ok(()) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "cannot remove an unneeded file");
            0
        }
    }
}

fn has_entries(dir: &Path) -> bool {
    std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trash_tells_what_it_gave_back() {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        let file = root.path().join("file");
        std::fs::write(&file, vec![1; 100_000]).unwrap();
        let linked = root.path().join("linked");
        std::fs::write(&linked, vec![1; 100_000]).unwrap();
        std::fs::hard_link(&linked, root.path().join("other")).unwrap();
        let expected = allocated_bytes(&file);
        assert!(expected >= 100_000);

        let trash = Trash::own(&paths).unwrap();
        assert!(trash.take(&file).unwrap());
        assert!(!trash.take(&file).unwrap());
        assert!(trash.take(&linked).unwrap());
        assert_eq!(trash.empty().unwrap(), expected, "the other link keeps its blocks");
        assert!(!has_entries(&paths.trash_dir()));
    }

    #[test]
    fn an_abandoned_trash_is_emptied_but_not_that_of_the_living() {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        let trash = Trash::own(&paths).unwrap();
        let file = root.path().join("file");
        std::fs::write(&file, b"x").unwrap();
        trash.take(&file).unwrap();
        Trash::empty_abandoned(&paths).unwrap();
        assert!(has_entries(&paths.trash_dir()));
        drop(trash);
        Trash::empty_abandoned(&paths).unwrap();
        assert!(!has_entries(&paths.trash_dir()));
    }
}
