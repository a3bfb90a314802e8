//! `registry login`: the registry is asked first, then the login is kept.

use container_credentials::SavedLogin;
use container_oci::RegistryHost;
use container_registry::{Credential, RegistryError, Scheme, Secret};

use crate::registries::blocking;
use crate::{ConfiguredEngine, EngineError};

/// Who wants to log in where.
#[derive(Debug, Clone)]
pub struct LoginRequest {
    /// The registry.
    pub host: RegistryHost,
    /// How to talk to it.
    pub scheme: Scheme,
    /// User name.
    pub username: String,
    /// Password or token.
    pub password: Secret,
}

impl ConfiguredEngine {
    /// Logs in: all later pulls and pushes there do so as this user.
    ///
    /// # Errors
    /// [`EngineError::LoginRefused`] when the registry does not accept it, [`EngineError::Login`] when it cannot be asked,
    /// [`EngineError::Logins`] when the login cannot be kept. An earlier login stays as it was in each case.
    pub async fn login(&self, request: LoginRequest) -> Result<SavedLogin, EngineError> {
        let LoginRequest {
            host,
            scheme,
            username,
            password,
        } = request;
        let credential = Credential::Password {
            username: username.clone(),
            password: password.clone(),
        };
        let checked = self.registries.check_login(host.as_str(), scheme, &credential).await;
        checked.map_err(|error| match error {
            RegistryError::BadCredentials { .. } => EngineError::LoginRefused {
                host: host.clone(),
                username: username.clone(),
            },
            source => EngineError::Login {
                host: host.clone(),
                source: Box::new(source),
            },
        })?;
        let logins = self.logins.clone();
        blocking(move || logins.save(&host, &username, &password)).await
    }
}
