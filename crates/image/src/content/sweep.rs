//! What operations left behind that did not end in order, and what those that live rely on.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use container_durable::{FileLock, LockMode, is_held};
use container_oci::Digest;

use super::session::{LOCK_EXTENSION, remove};
use super::{ContentError, StorePaths};

/// Removes the unfinished files and the locks of operations that did not end in order: those whose lock is free.
pub(crate) fn sweep(paths: &StorePaths) -> Result<(), ContentError> {
    for path in entries(&paths.ingest_dir())? {
        let is_lock = extension(&path).is_some_and(|extension| extension.ends_with(LOCK_EXTENSION));
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

/// What the living sessions have pinned.
///
/// Complete only while the gate is shut, or for what the caller knows to have been pinned before it asks.
pub(crate) fn live_pins(paths: &StorePaths) -> Result<BTreeSet<Digest>, ContentError> {
    let mut pins = BTreeSet::new();
    for path in entries(&paths.ingest_dir())? {
        if extension(&path) != Some(LOCK_EXTENSION) || !is_held(&path)? {
            continue;
        }
        match std::fs::read_to_string(&path) {
            // A line that is no digest is a pin that could not be written; whoever wrote it has been told.
            Ok(text) => pins.extend(text.lines().filter_map(|line| line.parse::<Digest>().ok())),
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ContentError::io("read", &path, source)),
        }
    }
    Ok(pins)
}

/// The paths in a directory.
pub(crate) fn entries(dir: &Path) -> Result<Vec<PathBuf>, ContentError> {
    let failed = |source| ContentError::io("list", dir, source);
    std::fs::read_dir(dir)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
        .collect()
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
        sweep(&paths).unwrap();
        assert_eq!(std::fs::read_dir(paths.ingest_dir()).unwrap().count(), 2);
        drop(session);
        assert_eq!(std::fs::read_dir(paths.ingest_dir()).unwrap().count(), 0);
    }
}
