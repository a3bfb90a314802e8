//! The way to the registries, as the settings describe it.

use std::sync::Arc;

use container_credentials::{Credentials, Environment, LoginStore};
use container_registry::{HostSettings, Registries, RegistrySettings, Scheme};
use container_settings::{RegistryScheme, Settings};

use crate::LoginError;

/// Registries as the settings describe them, with the credentials of this user: from the environment, from these logins, and from those
/// of other tools.
pub(crate) fn registries(settings: &Settings, logins: &LoginStore) -> Registries {
    let credentials = Credentials::new(Environment::of_process(), logins.clone());
    Registries::new(registry_settings(settings), Arc::new(credentials))
}

/// Runs work on the logins on a thread where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, container_credentials::LoginError> + Send + 'static,
) -> Result<T, LoginError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(LoginError::Interrupted),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_a_registry_arrives() {
        let mut settings = Settings::default();
        settings.registry.ca_files = vec!["/a.pem".into()];
        let host = settings
            .registry
            .hosts
            .entry("localhost:5000".parse().unwrap())
            .or_default();
        host.mirrors = vec!["http://127.0.0.1:5055".to_owned()];
        host.scheme = Some(RegistryScheme::Https);
        host.ca_files = vec!["/b.pem".into()];
        let registries = registry_settings(&settings);
        assert_eq!(registries.ca_files, ["/a.pem"].map(std::path::PathBuf::from));
        let host = &registries.hosts["localhost:5000"];
        assert_eq!(host.mirrors, ["http://127.0.0.1:5055"]);
        assert_eq!(host.scheme, Some(Scheme::Https));
        assert_eq!(host.ca_files, ["/b.pem"].map(std::path::PathBuf::from));
    }
}
