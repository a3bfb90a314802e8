//! What `config.toml` says, where it matters to the engine.

use container_oci::{Reference, ReferenceError, RegistryHost};
use container_settings::{Settings, SettingsError};

use crate::backend::install_root;
use crate::{ConfiguredEngine, CreateRequest};

/// Reads the settings of this user and this installation.
pub(crate) fn load() -> Result<Settings, SettingsError> {
    Settings::load(&container_settings::files(&install_root()))
}

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

/// Fills in what the settings say of new containers. What the request says itself stays.
pub(crate) fn fill_in(request: &mut CreateRequest, settings: &Settings) {
    let defaults = &settings.container;
    request.cpus = request.cpus.or(defaults.cpus);
    request.memory.get_or_insert(defaults.memory);
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::ByteSize;

    #[test]
    fn flags_beat_the_settings() {
        let mut settings = Settings::default();
        settings.container.cpus = Some(3);
        settings.container.memory = ByteSize(2 << 30);
        let mut request = CreateRequest::new("busybox".parse().unwrap());
        fill_in(&mut request, &settings);
        assert_eq!((request.cpus, request.memory), (Some(3), Some(ByteSize(2 << 30))));
        request.cpus = Some(1);
        request.memory = Some(ByteSize(1 << 30));
        fill_in(&mut request, &settings);
        assert_eq!((request.cpus, request.memory), (Some(1), Some(ByteSize(1 << 30))));
    }

    #[test]
    fn without_settings_the_number_of_processors_stays_open() {
        let mut request = CreateRequest::new("busybox".parse().unwrap());
        fill_in(&mut request, &Settings::default());
        assert_eq!(request.cpus, None);
    }
}
