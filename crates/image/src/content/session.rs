//! The directory of one operation's unfinished files.
//!
//! `ingest/<id>/` holds the files, `ingest/<id>.lock` is locked for as long as the operation lives. The lock file is made
//! before the directory and removed after it, so a directory whose lock is free has no owner.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use container_durable::{FileLock, LockMode, create_private_dir};

use super::{ContentError, StorePaths};

/// Extension of a session's lock file.
const LOCK_EXTENSION: &str = "lock";

/// Unfinished files, gone when this is dropped or its process ends.
#[derive(Debug)]
pub(crate) struct Session {
    dir: PathBuf,
    lock: Option<FileLock>,
    next: AtomicU64,
}

impl Session {
    /// Starts an operation.
    pub(crate) fn start(paths: &StorePaths) -> Result<Self, ContentError> {
        let dir = paths.ingest_dir().join(uuid::Uuid::new_v4().simple().to_string());
        let lock = FileLock::acquire(&dir.with_extension(LOCK_EXTENSION), LockMode::Exclusive)?;
        let session = Self {
            dir,
            lock: Some(lock),
            next: AtomicU64::new(0),
        };
        create_private_dir(&session.dir)?;
        Ok(session)
    }

    /// A path for an unfinished file that nobody else has.
    pub(crate) fn file(&self) -> PathBuf {
        self.dir.join(self.next.fetch_add(1, Ordering::Relaxed).to_string())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take() {
            remove(&self.dir, lock);
        }
    }
}

/// Removes what operations left behind that did not end in order: those whose lock is free.
pub(crate) fn sweep(paths: &StorePaths) -> Result<(), ContentError> {
    let ingest = paths.ingest_dir();
    let listing_error = |source| ContentError::io("list", &ingest, source);
    for entry in std::fs::read_dir(&ingest).map_err(listing_error)? {
        let path = entry.map_err(listing_error)?.path();
        let is_lock = path
            .extension()
            .and_then(OsStr::to_str)
            .is_some_and(|extension| extension.ends_with("lock"));
        if !is_lock {
            continue;
        }
        if let Some(lock) = FileLock::try_acquire_existing(&path, LockMode::Exclusive)? {
            tracing::debug!(path = %path.display(), "removing what an interrupted operation left");
            remove(&path.with_extension(""), lock);
        }
    }
    Ok(())
}

/// A file that cannot be removed now is left for the next sweep, so a failure here must not fail the operation.
fn remove(dir: &Path, lock: FileLock) {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %dir.display(), %error, "cannot remove unfinished files");
        }
        _ => {
            if let Err(error) = lock.remove() {
                tracing::warn!(%error, "cannot remove a lock file");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        let session = Session::start(&paths).unwrap();
        std::fs::write(session.file(), b"x").unwrap();
        drop(session);
        assert_eq!(std::fs::read_dir(paths.ingest_dir()).unwrap().count(), 0);
    }

    #[test]
    fn the_sweep_spares_the_living() {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        let session = Session::start(&paths).unwrap();
        std::fs::write(session.file(), b"x").unwrap();
        let dead = paths.ingest_dir().join("dead");
        std::fs::create_dir(&dead).unwrap();
        std::fs::write(dead.join("0"), b"x").unwrap();
        std::fs::write(paths.ingest_dir().join("dead.lock"), b"").unwrap();
        std::fs::write(paths.ingest_dir().join("00.blob-lock"), b"").unwrap();
        sweep(&paths).unwrap();
        assert_eq!(std::fs::read_dir(paths.ingest_dir()).unwrap().count(), 2);
        drop(session);
        assert_eq!(std::fs::read_dir(paths.ingest_dir()).unwrap().count(), 0);
    }
}
