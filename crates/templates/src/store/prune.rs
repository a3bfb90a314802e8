//! Removing templates that are not in use.

use container_durable::{FileLock, LockMode};
use container_oci::Digest;

use super::{LOOK_LIMIT, TemplateInfo, TemplateStore};
use crate::TemplateError;
use crate::layout::{LOCK_FILE, finished, move_away};

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// The templates.
    pub removed: Vec<TemplateInfo>,
}

impl Pruned {
    /// The space that came back, bytes.
    #[must_use]
    pub fn freed_bytes(&self) -> u64 {
        self.removed.iter().map(|template| template.size_bytes).sum()
    }
}

impl TemplateStore {
    /// Removes all templates that are not in use, and what dead processes have left of others.
    ///
    /// # Errors
    /// [`TemplateError`]; some may be gone then.
    pub fn prune_unused(&self) -> Result<Pruned, TemplateError> {
        self.retain(|_| false)
    }

    /// Removes the templates that are not in use and whose image is not to be kept: `keep` is asked with the digest of its manifest. Those of which nobody can tell the image go.
    ///
    /// # Errors
    /// [`TemplateError`]; some may be gone then.
    pub fn retain(&self, keep: impl Fn(&Digest) -> bool) -> Result<Pruned, TemplateError> {
        self.sweep();
        let mut pruned = Pruned::default();
        for template in self.list()? {
            if !template.image.as_ref().is_some_and(&keep) && self.remove_unused(&template)? {
                pruned.removed.push(template);
            }
        }
        Ok(pruned)
    }

    /// Removes templates that are not in use, those that were used longest ago first, until all together take no more than `limit_bytes` on disk. Those in
    /// use stay, whatever they take.
    ///
    /// # Errors
    /// [`TemplateError`]; some may be gone then.
    pub fn prune_to(&self, limit_bytes: u64) -> Result<Pruned, TemplateError> {
        self.sweep();
        let templates = self.list()?;
        let mut taken_bytes: u64 = templates.iter().map(|template| template.size_bytes).sum();
        let mut pruned = Pruned::default();
        for template in templates {
            if taken_bytes <= limit_bytes {
                break;
            }
            if self.remove_unused(&template)? {
                taken_bytes -= template.size_bytes;
                pruned.removed.push(template);
            }
        }
        Ok(pruned)
    }

    /// Removes a template that is listed; `false` when it is in use.
    fn remove_unused(&self, template: &TemplateInfo) -> Result<bool, TemplateError> {
        let path = finished(&self.directory, &template.key);
        let lock = path.join(LOCK_FILE);
        // Kept through the rename, after which nobody can take it into use.
        let alone = FileLock::acquire_existing_within(&lock, LockMode::Exclusive, LOOK_LIMIT)?;
        if alone.is_none() && lock.exists() {
            return Ok(false);
        }
        let moved = move_away(&path).map_err(|source| TemplateError::Remove { path, source })?;
        if let Some(trash) = &moved {
            // What stays is removed by the next sweep.
            let _ = std::fs::remove_dir_all(trash);
        }
        Ok(moved.is_some())
    }
}
