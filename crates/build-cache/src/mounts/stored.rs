//! All caches that commands have mounted.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use container_durable::{FileLock, LockMode, read_record};

use super::RECORD;
use crate::record::CachedMount;
use crate::store::BuildCache;
use crate::{CacheError, CacheKey};

/// A cache that commands have mounted.
#[derive(Debug, Clone)]
pub struct StoredMount {
    /// The digest of its id.
    pub key: CacheKey,
    /// Its id; `None` when its record is damaged or of a newer program.
    pub id: Option<String>,
    /// When it was made, in seconds since 1970, where that is known.
    pub created_unix_seconds: Option<i64>,
    /// When a build used it last, where the file system tells.
    pub last_used: Option<SystemTime>,
    /// What it takes on the disk is what is below this.
    pub directory: PathBuf,
    /// Whether a build has it now.
    pub is_in_use: bool,
}

impl BuildCache {
    /// All caches that commands have mounted, by their keys.
    ///
    /// # Errors
    /// [`CacheError`]
    pub fn mounts(&self) -> Result<Vec<StoredMount>, CacheError> {
        let dir = self.mounts_dir();
        let failed = |source| CacheError::file("read", &dir, source);
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut mounts = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            if let Some(key) = name.to_str().and_then(CacheKey::from_hex) {
                mounts.push(self.stored_mount(key)?);
            }
        }
        mounts.sort_by_key(|mount| mount.key);
        Ok(mounts)
    }

    fn stored_mount(&self, key: CacheKey) -> Result<StoredMount, CacheError> {
        let directory = self.mount_dir(&key);
        let path = directory.join(RECORD);
        let record = match read_record::<CachedMount>(&path) {
            Ok(record) => record.map(|record| record.body),
            Err(error) if error.io_error().is_some() => return Err(error.into()),
            Err(_) => None,
        };
        let lock = self.mount_lock(&key);
        let free = FileLock::try_acquire_existing(&lock, LockMode::Exclusive)?;
        Ok(StoredMount {
            key,
            is_in_use: free.is_none() && lock.exists(),
            created_unix_seconds: record.as_ref().map(|record| record.created_unix_seconds),
            id: record.map(|record| record.id),
            last_used: std::fs::metadata(&path).and_then(|found| found.modified()).ok(),
            directory,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_are_listed_with_their_ids_and_whether_somebody_has_them() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        assert!(cache.mounts().unwrap().is_empty());
        let used = cache.mount_directory("/root/.cache").unwrap();
        drop(cache.private_mount("go").unwrap());
        let seen = |cache: &BuildCache| {
            let mut mounts: Vec<_> = cache
                .mounts()
                .unwrap()
                .into_iter()
                .map(|one| (one.id, one.is_in_use))
                .collect();
            mounts.sort();
            mounts
        };
        let named = |id: &str, is_in_use| (Some(id.to_owned()), is_in_use);
        assert_eq!(seen(&cache), [named("/root/.cache", true), named("go", false)]);
        drop(used);
        assert_eq!(seen(&cache), [named("/root/.cache", false), named("go", false)]);
        assert!(cache.mounts().unwrap()[0].last_used.is_some());
    }

    #[test]
    fn a_damaged_record_hides_the_id_only() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        drop(cache.mount_directory("go").unwrap());
        let directory = cache.mounts().unwrap()[0].directory.clone();
        std::fs::write(directory.join(RECORD), "{").unwrap();
        let mounts = cache.mounts().unwrap();
        assert_eq!((mounts.len(), &mounts[0].id), (1, &None));
    }
}
