//! Removing one template.

use container_durable::{FileLock, LockMode};

use super::{LOOK_LIMIT, TemplateStore};
use crate::layout::{LOCK_FILE, finished, move_away};
use crate::{TemplateError, TemplateKey};

impl TemplateStore {
    /// Removes a template; none is no error. Nobody finds it any more, also while somebody starts from it: its files go when that has ended.
    ///
    /// # Errors
    /// [`TemplateError::Lock`], [`TemplateError::Remove`].
    pub fn discard(&self, key: &TemplateKey) -> Result<(), TemplateError> {
        let path = finished(&self.directory, key);
        let alone = FileLock::acquire_existing_within(&path.join(LOCK_FILE), LockMode::Exclusive, LOOK_LIMIT)?;
        let moved = move_away(&path).map_err(|source| TemplateError::Remove { path, source })?;
        if let Some(trash) = moved
            && (alone.is_some() || !trash.join(LOCK_FILE).exists())
        {
            // What stays is removed by the next sweep.
            let _ = std::fs::remove_dir_all(&trash);
        }
        Ok(())
    }
}
