//! What processes left that are dead.

use std::path::Path;

use container_durable::{FileLock, LockMode};

use super::TemplateStore;
use super::failure::is_remembered;
use crate::layout::{LOCK_FILE, is_failed, is_making, is_trash, move_away};

impl TemplateStore {
    /// Removes templates whose makers died before they were finished, those on their way out that nobody uses any more, and old notes of failures. What cannot be removed stays for the next
    /// time.
    pub fn sweep(&self) {
        for entry in std::fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if is_making(&path) || is_trash(&path) {
                collect(&path);
            } else if is_failed(&path) && !is_remembered(&path) {
                let _ = std::fs::remove_file(&path);
            }
        }
    }
}

fn collect(directory: &Path) {
    let lock = directory.join(LOCK_FILE);
    match FileLock::try_acquire_existing(&lock, LockMode::Exclusive) {
        Ok(Some(_alone)) => {
            // Out of the way of another maker first.
            if let Ok(Some(trash)) = move_away(directory) {
                let _ = std::fs::remove_dir_all(&trash);
            }
        }
        _ if lock.exists() => {}
        // Whoever removed it has come as far as its lock.
        _ if is_trash(directory) => drop(std::fs::remove_dir_all(directory)),
        // An empty one may be new. Its maker, who is about to lock it, misses it then and makes another.
        _ => drop(std::fs::remove_dir(directory)),
    }
}
