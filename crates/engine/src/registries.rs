//! The way to the registries, as the settings describe it.

use std::sync::Arc;

use container_registry::{HostSettings, NoCredentials, Registries, RegistrySettings, Scheme};
use container_settings::{RegistryScheme, Settings};

use crate::Engine;

impl Engine {
    /// The way to the registries, with the settings and the logins of this user.
    #[must_use]
    pub fn registries(&self) -> &Registries {
        &self.registries
    }
}

/// Registries as the settings describe them.
pub(crate) fn registries(settings: &Settings) -> Registries {
    Registries::new(registry_settings(settings), Arc::new(NoCredentials))
}

fn registry_settings(settings: &Settings) -> RegistrySettings {
    let hosts = settings.registry.hosts.iter().map(|(host, settings)| {
        let settings = HostSettings {
            mirrors: settings.mirrors.clone(),
            scheme: settings.scheme.map(|scheme| match scheme {
                RegistryScheme::Auto => Scheme::Auto,
                RegistryScheme::Http => Scheme::Http,
                RegistryScheme::Https => Scheme::Https,
            }),
            ca_files: settings.ca_files.clone(),
        };
        (host.to_string(), settings)
    });
    RegistrySettings {
        hosts: hosts.collect(),
        ca_files: settings.registry.ca_files.clone(),
    }
}
