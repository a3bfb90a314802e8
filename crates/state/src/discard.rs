//! Directories on their way out, and unfinished ones whose maker died.

use std::io;
use std::path::{Path, PathBuf};

use container_durable::{FileLock, LockMode};

use crate::bundle::{CONFIG_FILE, LOCK_FILE};

/// Prefix of a directory that is being removed.
const TRASH_PREFIX: &str = ".trash-";

/// Whether a name in the directory of containers is that of a directory on its way out.
pub(crate) fn is_trash(name: &str) -> bool {
    name.starts_with(TRASH_PREFIX)
}

/// Renames a directory so that it ceases to be a container; `None` when it is gone already. The rename is not synced: should
/// power fail right now, the container is back as it was, which is no worse than never having asked.
pub(crate) fn move_away(directory: &Path) -> io::Result<Option<PathBuf>> {
    let trash = directory.with_file_name(format!("{TRASH_PREFIX}{}", uuid::Uuid::new_v4().simple()));
    match std::fs::rename(directory, &trash) {
        Ok(()) => Ok(Some(trash)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a directory as far as possible. What stays is tried again by the next [`collect_trash`].
pub(crate) fn remove(trash: &Path) {
    let _ = std::fs::remove_dir_all(trash);
}

/// Empties a directory but for one file.
pub(crate) fn clear(directory: &Path, but: &str) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name() == but {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Removes a directory on its way out if the process that began with it is gone.
pub(crate) fn collect_trash(directory: &Path) {
    let lock = directory.join(LOCK_FILE);
    match FileLock::try_acquire_existing(&lock, LockMode::Exclusive) {
        Ok(Some(_held)) => remove(directory),
        // Without a lock file it is nearly gone.
        _ if !lock.exists() => remove(directory),
        _ => {}
    }
}

/// Removes a directory whose record cannot be read and whose maker is gone, if no other process has it.
pub(crate) fn collect_abandoned(directory: &Path) {
    if let Ok(Some(_held)) = FileLock::try_acquire_existing(&directory.join(LOCK_FILE), LockMode::Exclusive)
        && let Ok(Some(trash)) = move_away(directory)
    {
        remove(&trash);
    }
}

/// Removes a directory that has no record of a container in it if the process that was making one is gone.
pub(crate) fn collect_unfinished(directory: &Path) {
    if let Ok(Some(_held)) = FileLock::try_acquire_existing(&directory.join(LOCK_FILE), LockMode::Exclusive) {
        if !directory.join(CONFIG_FILE).exists()
            && let Ok(Some(trash)) = move_away(directory)
        {
            remove(&trash);
        }
        return;
    }
    // An empty one may be new. Its maker, who is about to lock it, misses it then and makes another.
    let _ = std::fs::remove_dir(directory);
}
