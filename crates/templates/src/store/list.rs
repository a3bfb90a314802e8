//! All templates at a glance.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use container_durable::{FileLock, LockMode};
use container_oci::Digest;
use time::OffsetDateTime;

use super::TemplateStore;
use crate::allocated::allocated_bytes;
use crate::layout::LOCK_FILE;
use crate::manifest::read_manifest;
use crate::{TemplateError, TemplateKey};

/// A template as it lies there; its files were not looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateInfo {
    /// What it is found by.
    pub key: TemplateKey,
    /// Digest of the manifest of the image that it is of; `None` when its own manifest cannot be read, so that no container can start from it.
    pub image: Option<Digest>,
    /// What it takes on disk, bytes.
    pub size_bytes: u64,
    /// When it was made; `None` when its manifest cannot be read.
    pub made: Option<OffsetDateTime>,
    /// When a machine was last started from it; when it was made, if none was.
    pub last_used: OffsetDateTime,
    /// Whether a machine is being started from it right now.
    pub is_in_use: bool,
}

impl TemplateStore {
    /// All finished templates, the ones that were used longest ago first.
    ///
    /// # Errors
    /// [`TemplateError::Read`] when the directory cannot be read, [`TemplateError::Lock`].
    pub fn list(&self) -> Result<Vec<TemplateInfo>, TemplateError> {
        let failed = |source| TemplateError::Read {
            path: self.directory.clone(),
            source,
        };
        let entries = match std::fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(source)),
        };
        let mut templates = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if let Some(Ok(key)) = entry.file_name().to_str().map(str::parse) {
                templates.extend(look(key, &entry.path())?);
            }
        }
        templates.sort_by_key(|template: &TemplateInfo| (template.last_used, template.key));
        Ok(templates)
    }
}

/// What is known of a template; `None` when it is gone.
fn look(key: TemplateKey, directory: &Path) -> Result<Option<TemplateInfo>, TemplateError> {
    let lock = directory.join(LOCK_FILE);
    let is_free = FileLock::try_acquire_existing(&lock, LockMode::Exclusive)?.is_some();
    let status = std::fs::metadata(&lock);
    if !directory.exists() {
        return Ok(None);
    }
    let manifest = read_manifest(directory).ok().filter(|manifest| manifest.key == key);
    let last_used = status.as_ref().ok().and_then(|status| status.modified().ok());
    Ok(Some(TemplateInfo {
        key,
        image: manifest.as_ref().map(|manifest| manifest.image),
        size_bytes: allocated_bytes(directory),
        made: manifest.map(|manifest| manifest.made),
        last_used: last_used.unwrap_or(SystemTime::UNIX_EPOCH).into(),
        is_in_use: !is_free && status.is_ok(),
    }))
}
