//! Taking away what commands have kept in a cache.

use std::fs::{Permissions, set_permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use container_durable::{FileLock, LockMode};

use crate::store::BuildCache;
use crate::{CacheError, CacheKey};

/// What a directory is called on its way out.
const TRASH_EXTENSION: &str = "trash";

impl BuildCache {
    /// Takes a cache away; `false` when a build has it, and when it is gone already.
    ///
    /// # Errors
    /// [`CacheError`]. What could not be removed is no cache any more, and the next call removes it.
    pub fn remove_mount(&self, key: &CacheKey) -> Result<bool, CacheError> {
        let Some(alone) = FileLock::try_acquire_existing(&self.mount_lock(key), LockMode::Exclusive)? else {
            return Ok(false);
        };
        let directory = self.mount_dir(key);
        let trash = directory.with_extension(TRASH_EXTENSION);
        remove(&trash).map_err(|error| CacheError::file("remove", &trash, error))?;
        match std::fs::rename(&directory, &trash) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(CacheError::file("remove", &directory, error)),
        }
        alone.remove()?;
        remove(&trash).map_err(|error| CacheError::file("remove", &trash, error))?;
        Ok(true)
    }
}

/// Removes a directory that need not be there. Commands may have left directories in it that nobody may write to.
fn remove(directory: &Path) -> io::Result<()> {
    let removed = match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(directory)?;
            std::fs::remove_dir_all(directory)
        }
        removed => removed,
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn open_up(directory: &Path) -> io::Result<()> {
    set_permissions(directory, Permissions::from_mode(0o700))?;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_that_a_build_has_stays() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        let used = cache.mount_directory("go").unwrap();
        let sealed = used.directory().join("sealed");
        std::fs::create_dir_all(sealed.join("inside")).unwrap();
        set_permissions(&sealed, Permissions::from_mode(0o000)).unwrap();
        let key = cache.mounts().unwrap()[0].key;
        assert!(!cache.remove_mount(&key).unwrap());
        drop(used);
        assert!(cache.remove_mount(&key).unwrap());
        assert!(!cache.remove_mount(&key).unwrap());
        let left = std::fs::read_dir(root.path().join("build-cache/mounts"))
            .unwrap()
            .count();
        assert_eq!((cache.mounts().unwrap().len(), left), (0, 0));
        assert!(cache.mount_directory("go").unwrap().directory().is_dir());
    }

    #[test]
    fn what_an_interrupted_removal_left_goes_with_the_next() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        drop(cache.mount_directory("go").unwrap());
        let stored = cache.mounts().unwrap().remove(0);
        let trash = stored.directory.with_extension(TRASH_EXTENSION);
        std::fs::create_dir(&trash).unwrap();
        std::fs::write(trash.join("left"), "").unwrap();
        assert!(cache.remove_mount(&stored.key).unwrap());
        assert!(!trash.exists());
    }
}
