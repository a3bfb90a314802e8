//! `registry logout`.

use container_credentials::RemovedLogin;
use container_oci::RegistryHost;

use crate::registries::blocking;
use crate::{Engine, EngineError};

impl Engine {
    /// Forgets the login at a registry.
    ///
    /// # Errors
    /// [`EngineError::NotLoggedIn`] when there is none; [`EngineError::Logins`] when it cannot be forgotten.
    pub async fn logout(&self, host: RegistryHost) -> Result<RemovedLogin, EngineError> {
        let (logins, asked) = (self.logins.clone(), host.clone());
        let removed = blocking(move || logins.remove(&asked)).await?;
        removed.ok_or(EngineError::NotLoggedIn { host })
    }
}
