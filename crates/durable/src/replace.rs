//! Write-by-rename for small records.
//!
//! A record is visible either whole or not at all, also across power loss: the temporary file is synced before the
//! rename, the directory after it (what that means on macOS: [`crate::sync_in_order`]). A writer that is killed leaves its temporary file, which may hold a secret: the file is
//! locked while it is written, so that the next writer can tell it from one in use and removes it.

use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::directory::sync_dir;
use crate::sync::sync_in_order;

/// Beginning of the names of temporary files.
const PREFIX: &str = ".tmp-";

/// How often a new temporary file may be taken for an abandoned one before it is locked.
const ATTEMPTS: usize = 8;

/// Why a file could not be replaced. Unless it is [`ReplaceError::Sync`] of the directory, the old content is in place.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// The path has no directory to put the temporary file into.
    #[error("{} is not the path of a file", path.display())]
    NotAFile {
        /// The path asked for.
        path: PathBuf,
    },
    /// The new content could not be written next to the old one.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file to be replaced.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The data, or the rename, could not be made durable.
    #[error("cannot sync {}: {source}", path.display())]
    Sync {
        /// The file to be replaced.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The new file could not take the old one's place.
    #[error("cannot replace {}: {source}", path.display())]
    Rename {
        /// The file to be replaced.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ReplaceError {
    /// What the system said, where it said anything.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::NotAFile { .. } => None,
            Self::Write { source, .. } | Self::Sync { source, .. } | Self::Rename { source, .. } => Some(source),
        }
    }

    /// Whether the system said that there is no room, on the disk or within the user's quota.
    #[must_use]
    pub fn is_want_of_room(&self) -> bool {
        let kind = self.io_error().map(io::Error::kind);
        matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}

/// Replaces the file at `path` with `bytes`, mode 0600; makes it when it is not there.
///
/// Readers see the old content or the new, never a mixture. Two writers at once do not corrupt the file; the last wins,
/// so a read-modify-write needs a [`crate::FileLock`] around it.
///
/// # Errors
/// See [`ReplaceError`]; no temporary file is left behind, neither this one nor that of a writer who was killed.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), ReplaceError> {
    let write_error = |source| ReplaceError::Write {
        path: path.to_owned(),
        source,
    };
    let parent = directory_of(path)?;
    sweep(parent);
    let mut temporary = locked_temporary(parent).map_err(write_error)?;
    temporary.write_all(bytes).map_err(write_error)?;
    put_in_place(temporary, path)
}

/// As [`replace`], but nothing is synced: a loss of power may leave any of it, and the file empty, until the file that is returned and then its
/// directory have been synced.
///
/// # Errors
/// [`ReplaceError::NotAFile`], [`ReplaceError::Write`], [`ReplaceError::Rename`]; the old content is then in place.
pub(crate) fn place(path: &Path, bytes: &[u8]) -> Result<File, ReplaceError> {
    let write_error = |source| ReplaceError::Write {
        path: path.to_owned(),
        source,
    };
    let mut temporary = locked_temporary(directory_of(path)?).map_err(write_error)?;
    temporary.write_all(bytes).map_err(write_error)?;
    temporary.persist(path).map_err(|failed| ReplaceError::Rename {
        path: path.to_owned(),
        source: failed.error,
    })
}

fn directory_of(path: &Path) -> Result<&Path, ReplaceError> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(parent) => Ok(parent),
        None => Err(ReplaceError::NotAFile { path: path.to_owned() }),
    }
}

/// Has a temporary file, which is complete, replace the file at `path`.
pub(crate) fn put_in_place(temporary: NamedTempFile, path: &Path) -> Result<(), ReplaceError> {
    let sync_error = |source| ReplaceError::Sync {
        path: path.to_owned(),
        source,
    };
    sync_in_order(temporary.as_file()).map_err(sync_error)?;
    temporary.persist(path).map_err(|failed| ReplaceError::Rename {
        path: path.to_owned(),
        source: failed.error,
    })?;
    sync_dir(directory_of(path)?).map_err(|error| match error {
        crate::DirectoryError::Create { source, .. } | crate::DirectoryError::Sync { source, .. } => sync_error(source),
    })
}

/// Removes the temporary files in `directory` whose writers were killed. What cannot be removed stays for the next time.
pub fn sweep(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let is_temporary = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
        if is_temporary && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            // A writer that made it an instant ago, and has no lock on it yet, misses it and makes another.
            let path = entry.path();
            if let Ok(file) = File::open(&path)
                && file.try_lock().is_ok()
            {
                let _ = std::fs::remove_file(&path);
            }
        }
    }
}

/// Makes temporary files whose names [`sweep`] knows.
pub(crate) fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    builder
}

/// A new temporary file that [`sweep`] spares as long as it is open.
pub(crate) fn locked_temporary(directory: &Path) -> io::Result<NamedTempFile> {
    for _ in 0..ATTEMPTS {
        let temporary = temporary().tempfile_in(directory)?;
        match temporary.as_file().try_lock() {
            Ok(()) if temporary.path().exists() => return Ok(temporary),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other("its temporary file is removed again and again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_a_killed_writer_left_goes_but_not_what_is_being_written() {
        let root = tempfile::tempdir().unwrap();
        let left = root.path().join(".tmp-killed");
        std::fs::write(&left, b"password").unwrap();
        let in_use = locked_temporary(root.path()).unwrap();
        replace(&root.path().join("record.json"), b"one").unwrap();
        assert!(!left.exists() && in_use.path().exists());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[test]
    fn writers_and_sweepers_do_not_disturb_one_another() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("record.json");
        std::thread::scope(|scope| {
            for writer in 0..4_u8 {
                let path = &path;
                scope.spawn(move || (0..50).for_each(|_| replace(path, &[writer; 100]).unwrap()));
            }
        });
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.len() == 100 && bytes.iter().all(|byte| *byte == bytes[0]));
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn replaces_content_and_leaves_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("record.json");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn failure_keeps_the_old_content() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("directory");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("kept"), b"x").unwrap();
        assert!(matches!(replace(&path, b"new"), Err(ReplaceError::Rename { .. })));
        assert!(path.join("kept").exists());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn missing_parent_is_a_write_error() {
        let root = tempfile::tempdir().unwrap();
        let error = replace(&root.path().join("no/such"), b"").unwrap_err();
        assert!(matches!(error, ReplaceError::Write { .. }), "{error}");
    }
}
