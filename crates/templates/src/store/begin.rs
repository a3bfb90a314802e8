//! Beginning a template.

use std::io;
use std::path::Path;

use container_durable::{FileLock, LockMode, create_private_dir};
use container_oci::Digest;

use super::{LOOK_LIMIT, NewTemplate, Opened, TemplateStore};
use crate::layout::{LOCK_FILE, making};
use crate::{TemplateError, TemplateKey};

/// What is left to others of the file system at the least, bytes; of a small one, an eighth. A template is a shortcut, and a full disk makes containers stand still.
const LEFT_BYTES: u64 = 1 << 30;

/// How often a sweep may take the new directory for an abandoned one.
const ATTEMPTS: usize = 8;

impl TemplateStore {
    /// Begins a template of the image with this manifest, in a directory that nobody but its maker looks into. `None` when there is one, when somebody
    /// else is making it, when it has failed lately ([`TemplateStore::note_failure`]), or when there is so little room on the disk that it is left to others. What dead makers have left goes.
    ///
    /// # Errors
    /// [`TemplateError`]
    pub fn begin(&self, key: &TemplateKey, image: &Digest) -> Result<Option<NewTemplate>, TemplateError> {
        create_private_dir(&self.directory)?;
        self.sweep();
        if self.has_failed(key) || !has_room(&self.directory) {
            return Ok(None);
        }
        let directory = making(&self.directory, key);
        for _ in 0..ATTEMPTS {
            create_private_dir(&directory)?;
            let lock = match FileLock::acquire_within(&directory.join(LOCK_FILE), LockMode::Exclusive, LOOK_LIMIT) {
                Ok(Some(lock)) => lock,
                Ok(None) => return Ok(None),
                // It was swept before it was locked.
                Err(error) if error.source.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            let new = NewTemplate::new(self.clone(), *key, *image, directory, lock);
            // Looked at under the lock of makers, so that none appears after the look.
            return Ok(match self.open(key)? {
                Opened::Found(_) => None,
                Opened::Absent | Opened::Discarded { .. } => {
                    new.clear()?;
                    Some(new)
                }
            });
        }
        Ok(None)
    }
}

/// Whether the file system has more room than is left to others; where it cannot be told it is tried.
fn has_room(directory: &Path) -> bool {
    rustix::fs::statvfs(directory).map_or(true, |status| {
        let (all_bytes, free_bytes) = (
            status.f_blocks.saturating_mul(status.f_frsize),
            status.f_bavail.saturating_mul(status.f_frsize),
        );
        // Some file systems of the network say that they have no size.
        all_bytes == 0 || free_bytes > LEFT_BYTES.min(all_bytes / 8)
    })
}
