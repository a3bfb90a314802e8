//! A template in use.

use std::fmt;
use std::path::{Path, PathBuf};

use container_durable::FileLock;

use crate::TemplateKey;
use crate::parts::Parts;

/// A template that was found whole. It is not removed for as long as this value, or its process, lives; a machine that has been started from it needs it
/// no more, because it has its files open.
pub struct Template {
    key: TemplateKey,
    files: Parts<PathBuf>,
    token: [u8; 32],
    _lock: FileLock,
}

impl Template {
    pub(crate) fn new(key: TemplateKey, directory: &Path, token: [u8; 32], lock: FileLock) -> Self {
        Self {
            key,
            files: Parts::paths(directory),
            token,
            _lock: lock,
        }
    }

    /// What it was found by.
    #[must_use]
    pub fn key(&self) -> &TemplateKey {
        &self.key
    }

    /// The file with the memory of its machine; never to be written to.
    #[must_use]
    pub fn memory(&self) -> &Path {
        &self.files.memory
    }

    /// The file with the state of its devices.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.files.state
    }

    /// The image of its writable disk, sparse, to be copied and never to be written to; an empty file if it has none.
    #[must_use]
    pub fn disk(&self) -> &Path {
        &self.files.disk
    }

    /// What its agent has to be shown.
    #[must_use]
    pub fn token(&self) -> &[u8; 32] {
        &self.token
    }
}

impl fmt::Debug for Template {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
