//! Directories on their way out, and those whose maker died.

use std::io;
use std::path::{Path, PathBuf};

use container_durable::{FileLock, LockMode};

use crate::bundle::LOCK_FILE;

/// Prefix of a directory that is being made.
pub(crate) const NEW_PREFIX: &str = ".new-";
/// Prefix of a directory that is being removed.
const TRASH_PREFIX: &str = ".trash-";

/// Whether a name in the directory of containers is that of a directory on its way in or out.
pub(crate) fn is_transient(name: &str) -> bool {
    name.starts_with(NEW_PREFIX) || name.starts_with(TRASH_PREFIX)
}

/// Renames a directory so that it is no container any more; `None` when it is gone already. The rename is not synced: should
/// power fail right now, the container is back as it was, which is no worse than never having asked.
pub(crate) fn move_away(directory: &Path) -> io::Result<Option<PathBuf>> {
    let trash = directory.with_file_name(format!("{TRASH_PREFIX}{}", uuid::Uuid::new_v4().simple()));
    match std::fs::rename(directory, &trash) {
        Ok(()) => Ok(Some(trash)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a directory as far as possible. What stays is tried again by the next [`collect`].
pub(crate) fn remove(trash: &Path) {
    let _ = std::fs::remove_dir_all(trash);
}

/// Removes a directory on its way in or out if whoever made it is gone.
pub(crate) fn collect(directory: &Path) {
    let lock = directory.join(LOCK_FILE);
    if let Ok(Some(_held)) = FileLock::try_acquire_existing(&lock, LockMode::Exclusive) {
        if let Ok(Some(trash)) = move_away(directory) {
            remove(&trash);
        }
        return;
    }
    // Without a lock file it is either empty and new, or nearly gone. An empty one whose maker is about to lock it is missed by
    // the maker, who then makes another.
    let _ = std::fs::remove_dir(directory);
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with(TRASH_PREFIX) && !lock.exists() {
        remove(directory);
    }
}
