//! Whether containers start from templates: what the settings, the environment and the container say.

use std::ffi::OsStr;

use container_hypervisor::CreateError;
use container_launcher::TemplateUse;
use container_model::ContainerOptions;
use container_settings::{Settings, SettingsError};
use container_templates::TemplateStore;

use crate::settings;

/// Overrides the setting: `off`, `on` or `force`.
const VARIABLE: &str = "CONTAINER_TEMPLATES";

/// What a launcher does with templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TemplateMode {
    /// The container boots, and no template is made.
    Off,
    /// A container that could start from a template does so where there is one, and boots where there is none or that fails; one that was missing is made
    /// afterwards.
    On,
    /// A container that could start from a template waits until one that is missing is made. For tests and measurements.
    Force,
}

/// What a launcher does with templates, and how much of the disk they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TemplatePolicy {
    pub(crate) mode: TemplateMode,
    /// What all templates together may take on disk, bytes.
    pub(crate) limit_bytes: u64,
}

impl TemplatePolicy {
    /// No template is used or made.
    pub(crate) const OFF: Self = Self {
        mode: TemplateMode::Off,
        limit_bytes: 0,
    };

    /// What the settings of this user and `CONTAINER_TEMPLATES` say for a container. The variable wins over the settings, and `--cold` over both. Settings that
    /// cannot be read are no error of a start, but templates are off then.
    ///
    /// # Errors
    /// [`CreateError::Setting`] for a value of the variable that means nothing.
    pub(crate) fn of_this_user(options: &ContainerOptions) -> Result<Self, CreateError> {
        let variable = std::env::var_os(VARIABLE).unwrap_or_default();
        Self::of(settings::load(), &variable, options)
    }

    /// The same, as launchers are told it.
    pub(crate) fn of_store(self, store: &TemplateStore) -> TemplateUse {
        let store = store.clone().limited_to(self.limit_bytes);
        match self.mode {
            TemplateMode::Off => TemplateUse::Off,
            TemplateMode::On => TemplateUse::On(store),
            TemplateMode::Force => TemplateUse::Forced(store),
        }
    }

    fn of(
        settings: Result<Settings, SettingsError>,
        variable: &OsStr,
        options: &ContainerOptions,
    ) -> Result<Self, CreateError> {
        let asked = parse(variable)?;
        let settings = match settings {
            Ok(settings) => settings.templates,
            Err(error) => {
                tracing::warn!(%error, "templates are off");
                return Ok(Self::OFF);
            }
        };
        if options.cold {
            return Ok(Self::OFF);
        }
        let usual = match settings.enabled {
            true => TemplateMode::On,
            false => TemplateMode::Off,
        };
        Ok(Self {
            mode: asked.unwrap_or(usual),
            limit_bytes: settings.max_size.0,
        })
    }
}

/// What `CONTAINER_TEMPLATES` says; unset or empty it leaves the matter to the settings.
fn parse(value: &OsStr) -> Result<Option<TemplateMode>, CreateError> {
    match value.to_str() {
        Some("") => Ok(None),
        Some("off") => Ok(Some(TemplateMode::Off)),
        Some("on") => Ok(Some(TemplateMode::On)),
        Some("force") => Ok(Some(TemplateMode::Force)),
        _ => Err(CreateError::Setting {
            name: VARIABLE,
            value: value.to_string_lossy().into_owned(),
            expected: "off, on or force",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::ByteSize;

    fn policy(enabled: bool, variable: &str, cold: bool) -> Result<TemplatePolicy, CreateError> {
        let mut settings = Settings::default();
        settings.templates.enabled = enabled;
        settings.templates.max_size = ByteSize(1 << 30);
        let options = ContainerOptions {
            cold,
            ..ContainerOptions::default()
        };
        TemplatePolicy::of(Ok(settings), variable.as_ref(), &options)
    }

    fn mode(enabled: bool, variable: &str, cold: bool) -> TemplateMode {
        policy(enabled, variable, cold).unwrap().mode
    }

    #[test]
    fn the_container_wins_over_the_variable_and_that_over_the_settings() {
        use TemplateMode::{Force, Off, On};
        assert_eq!((mode(true, "", false), mode(false, "", false)), (On, Off));
        assert_eq!((mode(true, "off", false), mode(false, "on", false)), (Off, On));
        assert_eq!(mode(false, "force", false), Force);
        assert_eq!((mode(true, "", true), mode(true, "force", true)), (Off, Off));
        assert_eq!(policy(true, "", false).unwrap().limit_bytes, 1 << 30);
    }

    #[test]
    fn a_misspelt_value_is_refused_with_what_would_do() {
        let error = policy(true, "ON", true).unwrap_err();
        assert_eq!(
            error.to_string(),
            "CONTAINER_TEMPLATES=ON: off, on or force is expected"
        );
    }

    #[test]
    fn settings_that_cannot_be_read_stand_in_the_way_of_no_start() {
        let unreadable = SettingsError::Read {
            file: "/config.toml".into(),
            source: std::io::ErrorKind::PermissionDenied.into(),
        };
        let policy = TemplatePolicy::of(Err(unreadable), "on".as_ref(), &ContainerOptions::default());
        assert_eq!(policy.unwrap(), TemplatePolicy::OFF);
    }
}
