//! What `config.toml` says, where it matters to the engine.

use container_settings::{Settings, SettingsError};

use crate::CreateRequest;
use crate::assets::install_root;

/// Reads the settings of this user and this installation.
pub(crate) fn load() -> Result<Settings, SettingsError> {
    Settings::load(&container_settings::files(&install_root()))
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
