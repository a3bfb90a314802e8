//! What the settings of this user mean to front ends: what is in effect, and how names of images are read and written.

use std::path::PathBuf;

use container_oci::{Reference, ReferenceError, RegistryHost};

use crate::ConfiguredEngine;

impl ConfiguredEngine {
    /// What is in effect of the settings, in the shape and with the names of `config.toml`.
    ///
    /// # Errors
    /// When a path among them is no UTF-8.
    pub fn settings(&self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::to_value(self.settings.as_ref())
    }

    /// The registry of image names that name none.
    #[must_use]
    pub fn default_registry(&self) -> &RegistryHost {
        &self.settings.registry.domain
    }

    /// PEM files with certificate authorities that are trusted besides the system's.
    #[must_use]
    pub fn ca_files(&self) -> &[PathBuf] {
        &self.settings.registry.ca_files
    }

    /// The image that a user names: a short name is one of the registry that the settings say, Docker Hub by default.
    ///
    /// # Errors
    /// [`ReferenceError`] when `text` is no reference.
    pub fn reference(&self, text: &str) -> Result<Reference, ReferenceError> {
        Reference::parse_with(text, &self.settings.registry.domain)
    }

    /// An image's name as people write it; [`Self::reference`] reads it back.
    #[must_use]
    pub fn familiar(&self, reference: &Reference) -> String {
        reference.familiar_with(&self.settings.registry.domain)
    }
}
