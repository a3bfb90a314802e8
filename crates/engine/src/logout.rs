//! `registry logout`.

use container_oci::RegistryHost;

use crate::registries::blocking;
use crate::{Engine, KeyringFailure, LoginError};

/// What became of a login that was to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemovedLogin {
    /// It is gone, and its password with it.
    Gone,
    /// It is gone, but its password is still in the key ring, which cannot be used now.
    PasswordLeft(KeyringFailure),
}

impl Engine {
    /// Forgets the login at a registry.
    ///
    /// # Errors
    /// [`LoginError::NotLoggedIn`] when there is none; [`LoginError::Store`] when it cannot be forgotten.
    pub async fn logout(&self, host: RegistryHost) -> Result<RemovedLogin, LoginError> {
        let (logins, asked) = (self.logins.clone(), host.clone());
        match blocking(move || logins.remove(&asked)).await? {
            Some(container_credentials::RemovedLogin::Gone) => Ok(RemovedLogin::Gone),
            Some(container_credentials::RemovedLogin::SecretLeft(error)) => {
                Ok(RemovedLogin::PasswordLeft(error.into()))
            }
            None => Err(LoginError::NotLoggedIn { host }),
        }
    }
}
