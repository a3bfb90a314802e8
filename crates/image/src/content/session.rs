//! One operation on the store: what it is writing, and what it relies on.
//!
//! `ingest/<id>.lock` is locked until the operation ends, and lists what the operation has pinned, one digest a
//! line: blobs and layer disks of these digests are not collected. The list is not synced, because it counts only while the lock is held.
//! `ingest/<id>/` holds unfinished files; it is made after the lock file and removed before it, so a directory whose lock
//! is free has no owner.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use container_durable::{FileLock, LockMode, create_private_dir};
use container_oci::Digest;

use super::{ContentError, OpenGate, StorePaths, has_blob};

/// Extension of a session's lock file.
pub(super) const LOCK_EXTENSION: &str = "lock";

/// An operation. Its pins end when this is dropped or its process ends; dropping it removes its unfinished files, and a sweep
/// those of a process that was killed.
#[derive(Debug)]
pub(crate) struct Session {
    paths: StorePaths,
    dir: PathBuf,
    lock: Option<FileLock>,
    /// Unfinished files made so far; the directory is made with the first.
    files: AtomicU64,
    pins: Mutex<BTreeSet<Digest>>,
}

impl Session {
    /// Starts an operation.
    pub(crate) fn start(paths: &StorePaths) -> Result<Self, ContentError> {
        let dir = paths.ingest_dir().join(uuid::Uuid::new_v4().simple().to_string());
        let lock = FileLock::acquire(&dir.with_extension(LOCK_EXTENSION), LockMode::Exclusive)?;
        Ok(Self {
            paths: paths.clone(),
            dir,
            lock: Some(lock),
            files: AtomicU64::new(0),
            pins: Mutex::default(),
        })
    }

    /// A path for an unfinished file, a new one with each call.
    pub(crate) fn file(&self) -> Result<PathBuf, ContentError> {
        create_private_dir(&self.dir)?;
        Ok(self.dir.join(self.files.fetch_add(1, Ordering::Relaxed).to_string()))
    }

    /// Protects blobs and disks from collection until the session ends, whether they are here already or not.
    ///
    /// What was found before the pin may be gone after it: pin first, then look.
    pub(crate) fn pin(&self, digests: impl IntoIterator<Item = Digest>) -> Result<(), ContentError> {
        let mut pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        let new: BTreeSet<Digest> = digests.into_iter().filter(|digest| !pins.contains(digest)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let gate = OpenGate::hold(&self.paths)?;
        self.write_pins(&gate, &new)?;
        pins.extend(new);
        Ok(())
    }

    /// Like [`Session::pin`], for what the caller has found while it holds `gate`: the collection cannot have removed it since.
    pub(crate) fn pin_found(
        &self,
        gate: &OpenGate,
        digests: impl IntoIterator<Item = Digest>,
    ) -> Result<(), ContentError> {
        let mut pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        let new: BTreeSet<Digest> = digests.into_iter().filter(|digest| !pins.contains(digest)).collect();
        self.write_pins(gate, &new)?;
        pins.extend(new);
        Ok(())
    }

    /// Whether the blob is here, to stay for as long as this session.
    pub(crate) fn has_blob(&self, digest: &Digest) -> Result<bool, ContentError> {
        self.pin([*digest])?;
        Ok(has_blob(&self.paths, digest))
    }

    fn write_pins(&self, _: &OpenGate, digests: &BTreeSet<Digest>) -> Result<(), ContentError> {
        let Some(lock) = &self.lock else { return Ok(()) };
        let lines: String = digests.iter().map(|digest| format!("{digest}\n")).collect();
        let mut file = lock.file();
        file.write_all(lines.as_bytes())
            .map_err(|source| ContentError::io("write", lock.path(), source))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        if self.files.load(Ordering::Relaxed) > 0 {
            remove(&self.dir, lock);
        } else if let Err(error) = lock.remove() {
            tracing::warn!(%error, "cannot remove a lock file");
        }
    }
}

/// Removes a session's files and then its lock.
///
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
    use crate::content::{ShutGate, live_pins};

    #[test]
    fn a_session_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        let session = Session::start(&paths).unwrap();
        std::fs::write(session.file().unwrap(), b"x").unwrap();
        drop(session);
        assert_eq!(std::fs::read_dir(paths.ingest_dir()).unwrap().count(), 0);
    }

    #[test]
    fn pins_last_as_long_as_their_session() {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        let (one, two) = (Digest::Sha256([1; 32]), Digest::Sha256([2; 32]));
        let session = Session::start(&paths).unwrap();
        session.pin([one]).unwrap();
        session.pin([one, two]).unwrap();
        let _gate = ShutGate::hold(&paths).unwrap();
        assert_eq!(live_pins(&paths).unwrap(), BTreeSet::from([one, two]));
        drop(session);
        assert_eq!(live_pins(&paths).unwrap(), BTreeSet::new());
    }
}
