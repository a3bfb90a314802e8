//! `registry login`: the registry is asked first, then the login is kept.

use std::fmt;
use std::path::PathBuf;

use container_credentials::KeyringError;
use container_oci::RegistryHost;
use container_registry::{Credential, RegistryError};

use crate::registries::blocking;
use crate::{Cause, ConfiguredEngine, LoginError, Scheme};

/// A user who wants to log in at a registry.
#[derive(Debug, Clone)]
pub struct LoginRequest {
    /// The registry.
    pub host: RegistryHost,
    /// How to talk to it.
    pub scheme: Scheme,
    /// User name.
    pub username: String,
    /// Password or token.
    pub password: Password,
}

/// A password or token. It shows in no message and no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The password `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Where the password of a new login is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SavedLogin {
    /// In the system's key ring.
    InKeyring,
    /// Unencrypted in a file that only its owner can read.
    InFile {
        /// The file.
        path: PathBuf,
        /// Why the key ring was of no use; `None` when there is none.
        keyring: Option<KeyringFailure>,
    },
}

/// Why the system's key ring cannot be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringFailure {
    /// Which key ring, for example `the Secret Service`.
    pub keyring: String,
    /// What happened; never part of a password.
    pub reason: String,
}

impl From<KeyringError> for KeyringFailure {
    fn from(error: KeyringError) -> Self {
        Self {
            keyring: error.kind.to_string(),
            reason: error.reason,
        }
    }
}

impl ConfiguredEngine {
    /// Logs in: all later pulls and pushes there do so as this user.
    ///
    /// # Errors
    /// [`LoginError::Refused`] when the registry does not accept it, [`LoginError::Registry`] when it cannot be asked,
    /// [`LoginError::Store`] when the login cannot be kept. An earlier login stays as it was in each case.
    pub async fn login(&self, request: LoginRequest) -> Result<SavedLogin, LoginError> {
        let LoginRequest {
            host,
            scheme,
            username,
            password,
        } = request;
        let secret = container_registry::Secret::new(password.0);
        let credential = Credential::Password {
            username: username.clone(),
            password: secret.clone(),
        };
        let checked = self.registries.check_login(host.as_str(), scheme.into(), &credential);
        checked.await.map_err(|error| match error {
            RegistryError::BadCredentials { .. } => LoginError::Refused {
                host: host.clone(),
                username: username.clone(),
            },
            error => LoginError::Registry {
                host: host.clone(),
                source: Cause::new(error),
            },
        })?;
        let logins = self.logins.clone();
        let saved = blocking(move || logins.save(&host, &username, &secret)).await?;
        Ok(match saved {
            container_credentials::SavedLogin::InKeyring(_) => SavedLogin::InKeyring,
            container_credentials::SavedLogin::InFile { path, keyring } => SavedLogin::InFile {
                path,
                keyring: keyring.map(KeyringFailure::from),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_do_not_show() {
        let request = LoginRequest {
            host: "ghcr.io".parse().unwrap(),
            scheme: Scheme::Auto,
            username: "ann".to_owned(),
            password: Password::new("hunter2"),
        };
        assert!(!format!("{request:?}").contains("hunter2"));
    }
}
