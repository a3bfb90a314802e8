//! The way to the registries, as the settings describe it.

use std::sync::Arc;

use container_credentials::{Credentials, Environment, LoginError, LoginStore};
use container_registry::{HostSettings, Registries, RegistrySettings, Scheme};
use container_settings::{RegistryScheme, Settings};

use crate::{Engine, EngineError};

impl Engine {
    /// The way to the registries, with the settings and the logins of this user.
    #[must_use]
    pub fn registries(&self) -> &Registries {
        &self.registries
    }
}

/// Registries as the settings describe them, with what the environment, these logins and other tools know of this user.
pub(crate) fn registries(settings: &Settings, logins: &LoginStore) -> Registries {
    let credentials = Credentials::new(Environment::of_process(), logins.clone());
    Registries::new(registry_settings(settings), Arc::new(credentials))
}

/// Runs work on the logins on a thread where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LoginError> + Send + 'static,
) -> Result<T, EngineError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(EngineError::Interrupted {
            action: "change the logins",
        }),
    }
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
