//! Taking a template into use.

use std::fs::FileTimes;
use std::time::SystemTime;

use container_durable::{FileLock, LockMode};

use super::{LOOK_LIMIT, TemplateStore};
use crate::layout::{LOCK_FILE, finished};
use crate::manifest::{ManifestError, read_manifest};
use crate::verified::{Mismatch, verify};
use crate::{Template, TemplateError, TemplateKey};

/// What was found in the place of a template.
#[derive(Debug)]
pub enum Opened {
    /// A whole one.
    Found(Template),
    /// None; or one that is being removed.
    Absent,
    /// One that was not what its maker had left. It is gone now.
    Discarded {
        /// What was wrong with it, for the log.
        reason: String,
    },
}

/// Why a template is of no use.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("it is the template {found}")]
    Foreign { found: TemplateKey },
    #[error(transparent)]
    File(#[from] Mismatch),
}

impl TemplateStore {
    /// Takes a template into use: verifies it and notes the use. A file is read for that only where it was not verified since the host booted, or has been
    /// touched since. What is damaged is removed.
    ///
    /// # Errors
    /// [`TemplateError::Lock`] where the file system has no locks; [`TemplateError::Remove`].
    pub fn open(&self, key: &TemplateKey) -> Result<Opened, TemplateError> {
        let directory = finished(&self.directory, key);
        let Some(lock) = FileLock::acquire_existing_within(&directory.join(LOCK_FILE), LockMode::Shared, LOOK_LIMIT)?
        else {
            // Without a lock file it cannot be used safely, and never could.
            return if directory.join(LOCK_FILE).exists() || !directory.exists() {
                Ok(Opened::Absent)
            } else {
                self.discard(key)?;
                Ok(Opened::Discarded {
                    reason: "it has no lock".to_owned(),
                })
            };
        };
        let usable = read_manifest(&directory).map_err(Unusable::from).and_then(|manifest| {
            if manifest.key != *key {
                return Err(Unusable::Foreign { found: manifest.key });
            }
            verify(&directory, &manifest)?;
            Ok(manifest)
        });
        match usable {
            Ok(manifest) => {
                // On a disk that is full it keeps the time of an earlier use.
                let _ = lock.file().set_times(FileTimes::new().set_modified(SystemTime::now()));
                Ok(Opened::Found(Template::new(*key, &directory, manifest.token, lock)))
            }
            Err(reason) => {
                drop(lock);
                self.discard(key)?;
                Ok(Opened::Discarded {
                    reason: reason.to_string(),
                })
            }
        }
    }
}
