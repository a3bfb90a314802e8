//! What interrupted operations left behind, and what running operations have pinned.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::Path;

use container_durable::{FileLock, LockMode, is_held};
use container_oci::Digest;

use super::allocated::allocated_bytes;
use super::entries::entries;
use super::paths::PARTIAL_EXTENSION;
use super::session::LOCK_EXTENSION;
use super::trash::{Trash, remove};
use super::{ContentError, StorePaths};

/// Removes what interrupted operations left behind, except for their downloads, which the next pull continues; returns the
/// bytes that the disk got back.
pub(crate) fn sweep(paths: &StorePaths) -> Result<u64, ContentError> {
    Trash::empty_abandoned(paths)?;
    let mut freed_bytes = 0;
    for path in entries(&paths.ingest_dir())? {
        freed_bytes += match extension(&path) {
            Some(extension) if extension.ends_with(LOCK_EXTENSION) => sweep_session(&path)?,
            // The lock file is made before the directory and goes after it, so one without the other has no owner.
            None if !path.with_extension(LOCK_EXTENSION).exists() => remove(&path),
            _ => 0,
        };
    }
    Ok(freed_bytes)
}

/// Removes the partial downloads that no operation is writing; returns the bytes that the disk got back.
pub(crate) fn sweep_downloads(paths: &StorePaths) -> Result<u64, ContentError> {
    let mut freed_bytes = 0;
    for path in entries(&paths.ingest_dir())? {
        if extension(&path) == Some(PARTIAL_EXTENSION) {
            freed_bytes += sweep_download(paths, &path)?;
        }
    }
    Ok(freed_bytes)
}

/// Bytes of the disk that [`sweep`] and [`sweep_downloads`] would give back.
pub(crate) fn abandoned_bytes(paths: &StorePaths) -> Result<u64, ContentError> {
    let mut abandoned_bytes = 0;
    for path in entries(&paths.ingest_dir())? {
        let is_held = match extension(&path) {
            Some(PARTIAL_EXTENSION) => blob_of(&path).map_or(Ok(false), |digest| is_held(&paths.blob_lock(&digest)))?,
            None => is_held(&path.with_extension(LOCK_EXTENSION))?,
            Some(_) => true,
        };
        if !is_held {
            abandoned_bytes += allocated_bytes(&path);
        }
    }
    Ok(abandoned_bytes)
}

/// The blob of which the file is an unfinished download.
fn blob_of(partial: &Path) -> Option<Digest> {
    let name = partial.file_stem()?.to_str()?;
    name.replacen('-', ":", 1).parse().ok()
}

/// Removes the lock file, and the directory that it protects, when the lock is free.
fn sweep_session(lock_path: &Path) -> Result<u64, ContentError> {
    let Some(lock) = FileLock::try_acquire_existing(lock_path, LockMode::Exclusive)? else {
        return Ok(0);
    };
    tracing::debug!(path = %lock_path.display(), "removing what an interrupted operation left");
    let dir = lock_path.with_extension("");
    let freed_bytes = if dir.exists() { remove(&dir) } else { 0 };
    if !dir.exists()
        && let Err(error) = lock.remove()
    {
        tracing::warn!(%error, "cannot remove a lock file");
    }
    Ok(freed_bytes)
}

/// Removes the partial download unless an operation is writing it.
fn sweep_download(paths: &StorePaths, partial: &Path) -> Result<u64, ContentError> {
    let Some(digest) = blob_of(partial) else {
        return Ok(remove(partial));
    };
    let Some(lock) = FileLock::try_acquire(&paths.blob_lock(&digest), LockMode::Exclusive)? else {
        return Ok(0);
    };
    let freed_bytes = remove(partial);
    if let Err(error) = lock.remove() {
        tracing::warn!(%error, "cannot remove a lock file");
    }
    Ok(freed_bytes)
}

/// What the sessions of running operations have pinned.
///
/// Complete only while the gate is shut, or for what the caller knows to have been pinned before it asks.
pub(crate) fn live_pins(paths: &StorePaths) -> Result<BTreeSet<Digest>, ContentError> {
    let mut pins = BTreeSet::new();
    for path in entries(&paths.ingest_dir())? {
        if extension(&path) != Some(LOCK_EXTENSION) || !is_held(&path)? {
            continue;
        }
        match std::fs::read_to_string(&path) {
            // A line that is no digest is a pin that was not written whole; the operation got the error.
            Ok(text) => pins.extend(text.lines().filter_map(|line| line.parse::<Digest>().ok())),
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ContentError::io("read", &path, source)),
        }
    }
    Ok(pins)
}

fn extension(path: &Path) -> Option<&str> {
    path.extension().and_then(OsStr::to_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Session;

    #[test]
    fn the_sweep_spares_the_living() {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        let session = Session::start(&paths).unwrap();
        std::fs::write(session.file().unwrap(), b"x").unwrap();
        let dead = paths.ingest_dir().join("dead");
        std::fs::create_dir(&dead).unwrap();
        std::fs::write(dead.join("0"), b"x").unwrap();
        std::fs::write(paths.ingest_dir().join("dead.lock"), b"").unwrap();
        std::fs::write(paths.ingest_dir().join("00.blob-lock"), b"").unwrap();
        let orphan = paths.ingest_dir().join("orphan");
        std::fs::create_dir(&orphan).unwrap();
        sweep(&paths).unwrap();
        assert_eq!(std::fs::read_dir(paths.ingest_dir()).unwrap().count(), 2);
        drop(session);
        assert_eq!(std::fs::read_dir(paths.ingest_dir()).unwrap().count(), 0);
    }

    #[test]
    fn a_download_is_swept_when_it_is_asked_for_and_nobody_is_at_it() {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        let [free, taken] = [1, 2].map(|value| Digest::Sha256([value; 32]));
        for digest in [&free, &taken] {
            std::fs::write(paths.partial(digest), vec![1; 10_000]).unwrap();
        }
        let _writer = FileLock::acquire(&paths.blob_lock(&taken), LockMode::Exclusive).unwrap();
        assert_eq!(sweep(&paths).unwrap(), 0);
        assert!(sweep_downloads(&paths).unwrap() >= 10_000);
        assert!(!paths.partial(&free).exists() && paths.partial(&taken).exists());
    }
}
