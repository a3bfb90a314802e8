//! Trees of files that builds have fetched from repositories, each in a directory of its own.
//!
//! `build-cache/trees/<digest of the repository's address>/<name>` is a tree, which is never written to once it has this name; `<name>.lock` is locked by
//! those who read it, and says in a line each during which boot of the host the tree was made, when its commit was, and where it is from: its files are not
//! synced, so that after a loss of power nobody knows what is in them. The time of that file is when the tree was used last. A repository has few trees: a
//! new one takes the place of those that nobody reads.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use container_durable::{FileLock, LockMode, boot_id, create_private_dir};

use crate::store::BuildCache;
use crate::traces::{Traces, modified};
use crate::{CacheError, CacheKey, StepClaim, claim};

/// The name of a tree that is being made.
const UNFINISHED: &str = "unfinished";
const LOCK: &str = "lock";
/// More than the name of a boot, a time and an address have.
const LOCK_BYTES: u64 = 64 << 10;

/// The right to make trees of a repository, until this is dropped.
#[derive(Debug)]
pub struct TreesClaim {
    cache: BuildCache,
    directory: PathBuf,
    _claim: StepClaim,
}

/// A tree that stays as long as this is held.
#[derive(Debug)]
pub struct HeldTree {
    path: PathBuf,
    lock: FileLock,
    commit_unix_seconds: i64,
}

/// A tree that is being made. Dropped, it is gone.
#[derive(Debug)]
pub struct NewTree {
    cache: BuildCache,
    path: PathBuf,
    place: PathBuf,
}

impl BuildCache {
    /// Waits until nobody else makes trees of the repository at `url`. `on_wait` is called once if somebody does.
    ///
    /// # Errors
    /// [`CacheError`]
    pub async fn claim_trees(&self, url: &str, on_wait: impl FnOnce()) -> Result<TreesClaim, CacheError> {
        let key = CacheKey::of_text(url);
        create_private_dir(&self.locks())?;
        let claim = claim::claim(&self.trees_lock(&key), on_wait).await?;
        // After that nobody takes it away.
        let directory = self.repository_dir(&key);
        create_private_dir(&directory)?;
        Ok(TreesClaim {
            cache: self.clone(),
            directory,
            _claim: claim,
        })
    }

    /// The directory of a repository's trees.
    pub(crate) fn repository_dir(&self, repository: &CacheKey) -> PathBuf {
        self.trees_dir().join(repository.to_string())
    }

    /// Held by whoever makes a tree of a repository, begins to read one, or takes one away.
    pub(crate) fn trees_lock(&self, repository: &CacheKey) -> PathBuf {
        self.locks().join(format!("tree-{repository}.lock"))
    }
}

/// What is known of a tree.
pub(crate) fn traces(path: &Path) -> Traces {
    let lock = path.with_extension(LOCK);
    let note = File::open(&lock).ok().and_then(|lock| note(&lock));
    let created = modified(path);
    Traces {
        url: note.map(|note| note.url),
        created,
        last_used: modified(&lock).or(created),
    }
}

/// Whether somebody reads a tree.
pub(crate) fn is_read(path: &Path) -> Result<bool, CacheError> {
    let lock = path.with_extension(LOCK);
    let free = FileLock::try_acquire_existing(&lock, LockMode::Exclusive)?;
    Ok(free.is_none() && lock.exists())
}

impl TreesClaim {
    /// The tree of this name, if one was made since the host was booted. A name has letters, digits and `-` only.
    ///
    /// # Errors
    /// [`CacheError`]
    pub fn find(&self, name: &str) -> Result<Option<HeldTree>, CacheError> {
        let path = self.directory.join(name);
        if !path.is_dir() {
            return Ok(None);
        }
        let lock = HeldTree::lock(&path)?;
        let note = note(lock.file()).filter(|note| boot_id().is_ok_and(|boot| boot == note.boot));
        if note.is_some() {
            self.cache.mark_used(lock.path());
        }
        Ok(note.map(|note| HeldTree {
            path,
            lock,
            commit_unix_seconds: note.commit_unix_seconds,
        }))
    }

    /// Begins a tree, in an empty directory. What killed builds have left is removed, and so are trees that nobody reads.
    ///
    /// # Errors
    /// [`CacheError`]
    pub fn begin(&self, name: &str) -> Result<NewTree, CacheError> {
        let failed = |source| CacheError::file("read", &self.directory, source);
        for found in fs::read_dir(&self.directory).map_err(failed)? {
            let path = found.map_err(failed)?.path();
            if path.is_dir() {
                remove_unless_held(&path)?;
            }
        }
        let path = self.directory.join(UNFINISHED);
        create_private_dir(&path)?;
        Ok(NewTree {
            cache: self.cache.clone(),
            path,
            place: self.directory.join(name),
        })
    }
}

impl NewTree {
    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the tree its name. It is from `url`, and its commit was made so many seconds after 1970.
    ///
    /// # Errors
    /// [`CacheError`]
    pub fn keep(self, url: &str, commit_unix_seconds: i64) -> Result<HeldTree, CacheError> {
        let held = HeldTree {
            lock: HeldTree::lock(&self.place)?,
            path: self.place.clone(),
            commit_unix_seconds,
        };
        fs::rename(&self.path, &self.place).map_err(|source| CacheError::file("rename", &self.path, source))?;
        // Without a name of the boot the tree is made again next time.
        let boot = boot_id().unwrap_or_default();
        let mut file = held.lock.file();
        file.set_len(0)
            .and_then(|()| file.write_all(format!("{boot}\n{commit_unix_seconds}\n{url}").as_bytes()))
            .map_err(|source| CacheError::file("write", held.lock.path(), source))?;
        self.cache.mark_used(held.lock.path());
        self.cache.mark_grown();
        Ok(held)
    }
}

impl Drop for NewTree {
    fn drop(&mut self) {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %self.path.display(), "cannot remove a tree that was given up");
            }
            _ => {}
        }
    }
}

impl HeldTree {
    fn lock(path: &Path) -> Result<FileLock, CacheError> {
        Ok(FileLock::acquire(&path.with_extension(LOCK), LockMode::Shared)?)
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When its commit was made, in seconds since 1970.
    #[must_use]
    pub fn commit_unix_seconds(&self) -> i64 {
        self.commit_unix_seconds
    }
}

/// What the lock of a tree says of it.
struct Note {
    boot: String,
    commit_unix_seconds: i64,
    url: String,
}

/// Reads what a lock says; `None` of a tree that is not finished, or of an older program.
fn note(lock: &File) -> Option<Note> {
    let mut text = String::new();
    lock.take(LOCK_BYTES).read_to_string(&mut text).ok()?;
    let (boot, rest) = text.split_once('\n')?;
    let (time, url) = rest.split_once('\n')?;
    Some(Note {
        boot: Some(boot).filter(|boot| !boot.is_empty())?.to_owned(),
        commit_unix_seconds: time.parse().ok()?,
        url: url.to_owned(),
    })
}

/// Removes a tree that nobody reads, while nobody can begin to; whether it is gone.
pub(crate) fn remove_unless_held(path: &Path) -> Result<bool, CacheError> {
    let Some(lock) = FileLock::try_acquire(&path.with_extension(LOCK), LockMode::Exclusive)? else {
        return Ok(false);
    };
    fs::remove_dir_all(path).map_err(|source| CacheError::file("remove", path, source))?;
    lock.remove()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tree_of_another_boot_is_made_again() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        let claim = cache.claim_trees("https://host/a.git", || {}).await.unwrap();
        let tree = claim.begin("one").unwrap().keep("https://host/a.git", 7).unwrap();
        assert_eq!(claim.find("one").unwrap().unwrap().commit_unix_seconds(), 7);
        let boot = boot_id().unwrap();
        for other in [
            "another boot\n7\n",
            &boot,
            &format!("{boot}\n7"),
            &format!("{boot}\nx\nu"),
        ] {
            fs::write(tree.path().with_extension(LOCK), other).unwrap();
            assert!(claim.find("one").unwrap().is_none(), "{other:?}");
        }
        drop(tree);
        claim.begin("one").unwrap().keep("https://host/a.git", 7).unwrap();
        assert!(claim.find("one").unwrap().is_some());
    }

    #[tokio::test]
    async fn a_tree_is_found_by_its_name_and_goes_when_nobody_reads_it_and_another_one_comes() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        let claim = cache.claim_trees("https://host/a.git", || {}).await.unwrap();
        assert!(claim.find("one").unwrap().is_none());
        let new = claim.begin("one").unwrap();
        fs::write(new.path().join("file"), "content").unwrap();
        let one = new.keep("https://host/a.git", 7).unwrap();
        assert_eq!(fs::read(one.path().join("file")).unwrap(), b"content");
        // It is read, and stays.
        let two = claim.begin("two").unwrap().keep("https://host/a.git", 7).unwrap();
        assert!(claim.find("one").unwrap().is_some());
        drop(one);
        drop(two);
        drop(claim.begin("three").unwrap());
        for name in ["one", "two", "three", UNFINISHED] {
            assert!(claim.find(name).unwrap().is_none(), "{name}");
        }
    }
}
