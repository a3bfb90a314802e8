//! The directories of `--mount=type=cache`.
//!
//! `build-cache/mounts/<digest of the id>/0` is that of a cache that is shared; a private one is `1`, or the first after it that nobody has. What is in a
//! directory is its machine's. `mount.json` beside them says whose they are; the time of that file is when they were used last.
//!
//! Whoever uses a directory holds `<digest of the id>.lock` together with others; whoever takes the directories away holds it alone.

mod remove;
mod stored;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use container_durable::{FileLock, LockMode, Record, create_private_dir, write_record};

use crate::record::CachedMount;
use crate::store::BuildCache;
use crate::{CacheError, CacheKey, StepClaim, claim};
pub use stored::StoredMount;

/// More builds at once than this do not have a private directory each.
const MAX_PRIVATE: u32 = 1000;
/// Says what a cache is.
const RECORD: &str = "mount.json";

/// A directory that stays until this is dropped, and that others may use as well.
#[derive(Debug)]
pub struct CacheMountUse {
    directory: PathBuf,
    _stays: FileLock,
}

/// A directory that nobody else has until this is dropped.
#[derive(Debug)]
pub struct CacheMountClaim {
    used: CacheMountUse,
    _claim: StepClaim,
}

impl CacheMountUse {
    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl CacheMountClaim {
    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.used.directory()
    }
}

impl BuildCache {
    /// The directory of the cache `id`, which others may have at the same time.
    ///
    /// # Errors
    /// [`CacheError`]
    pub fn mount_directory(&self, id: &str) -> Result<CacheMountUse, CacheError> {
        self.mount(id, 0)
    }

    /// Waits until nobody else has locked the cache `id`, and locks it.
    ///
    /// # Errors
    /// [`CacheError`]
    pub async fn lock_mount(&self, id: &str) -> Result<CacheMountClaim, CacheError> {
        let used = self.mount(id, 0)?;
        let claim = claim::claim(&used.directory.with_extension("lock"), || {}).await?;
        Ok(CacheMountClaim { used, _claim: claim })
    }

    /// A directory of the cache `id` that nobody has: the one that was used before, if that is free.
    ///
    /// # Errors
    /// [`CacheError`]
    pub fn private_mount(&self, id: &str) -> Result<CacheMountClaim, CacheError> {
        let mut number = 1;
        loop {
            let used = self.mount(id, number)?;
            let path = used.directory.with_extension("lock");
            let lock = match number < MAX_PRIVATE {
                true => FileLock::try_acquire(&path, LockMode::Exclusive)?,
                false => Some(FileLock::acquire(&path, LockMode::Exclusive)?),
            };
            match lock {
                Some(lock) => {
                    return Ok(CacheMountClaim {
                        used,
                        _claim: StepClaim::of(lock),
                    });
                }
                None => number += 1,
            }
        }
    }

    fn mount(&self, id: &str, number: u32) -> Result<CacheMountUse, CacheError> {
        let key = CacheKey::of_text(id);
        create_private_dir(&self.mounts_dir())?;
        let stays = FileLock::acquire(&self.mount_lock(&key), LockMode::Shared)?;
        let cache = self.mount_dir(&key);
        let directory = cache.join(number.to_string());
        create_private_dir(&directory)?;
        let record = cache.join(RECORD);
        if !record.exists() {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let created = since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
            let mount = CachedMount {
                id: id.to_owned(),
                created_unix_seconds: created,
            };
            write_record(&record, &Record::new(mount))?;
        }
        self.mark_used(&record);
        Ok(CacheMountUse {
            directory,
            _stays: stays,
        })
    }

    /// The directory with all directories of a cache.
    fn mount_dir(&self, key: &CacheKey) -> PathBuf {
        self.mounts_dir().join(key.to_string())
    }

    fn mount_lock(&self, key: &CacheKey) -> PathBuf {
        self.mounts_dir().join(format!("{key}.lock"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_directory_is_for_one_at_a_time_and_used_again() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        let (one, two) = (cache.private_mount("go").unwrap(), cache.private_mount("go").unwrap());
        assert_ne!(one.directory(), two.directory());
        let first = one.directory().to_owned();
        drop(one);
        assert_eq!(cache.private_mount("go").unwrap().directory(), first);
        assert_ne!(cache.mount_directory("go").unwrap().directory(), first);
    }

    #[tokio::test]
    async fn a_locked_cache_is_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        let held = cache.lock_mount("apt").await.unwrap();
        let waiting = tokio::spawn({
            let cache = cache.clone();
            async move { cache.lock_mount("apt").await.unwrap().directory().to_owned() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        let directory = held.directory().to_owned();
        drop(held);
        assert_eq!(waiting.await.unwrap(), directory);
    }
}
