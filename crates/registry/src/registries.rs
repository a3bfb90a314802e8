//! The registries that there are for one process: their settings, and who we are for them.

use std::fmt;
use std::sync::Arc;

use container_oci::Reference;

use crate::{Credential, CredentialSource, NoCredentials, RegistryClient, RegistryError, RegistrySettings, Scheme};

/// What a client is going to do with a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Read.
    Pull,
    /// Read and write.
    Push,
}

/// The way to every registry. Cheap to clone; clones share connections, tokens and credentials.
#[derive(Clone)]
pub struct Registries {
    shared: Arc<Shared>,
}

struct Shared {
    settings: RegistrySettings,
    credentials: Arc<dyn CredentialSource>,
}

impl Registries {
    /// Registries with these settings; whoever has to log in does so with what `credentials` knows.
    #[must_use]
    pub fn new(settings: RegistrySettings, credentials: Arc<dyn CredentialSource>) -> Self {
        Self {
            shared: Arc::new(Shared { settings, credentials }),
        }
    }

    /// Registries without settings, where nobody logs in.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::new(RegistrySettings::default(), Arc::new(NoCredentials))
    }

    /// A client for the repository of `reference`. Nothing is sent yet.
    ///
    /// # Errors
    /// [`RegistryError`] when the settings of the registry cannot be used.
    pub fn client(
        &self,
        reference: &Reference,
        scheme: Scheme,
        access: Access,
    ) -> Result<RegistryClient, RegistryError> {
        let _ = access;
        let host = self.shared.settings.hosts.get(reference.registry());
        let scheme = match scheme {
            Scheme::Auto => host.and_then(|host| host.scheme).unwrap_or_default(),
            explicit => explicit,
        };
        RegistryClient::new(reference, scheme)
    }

    /// Whether the registry accepts the credential.
    ///
    /// # Errors
    /// [`RegistryError`]: it does not, it cannot be reached, or it is no registry.
    pub async fn check_login(&self, host: &str, scheme: Scheme, credential: &Credential) -> Result<(), RegistryError> {
        let _ = (scheme, credential);
        Err(RegistryError::Unauthorized {
            host: host.to_owned(),
            reason: "logging in is being built".to_owned(),
        })
    }
}

impl Default for Registries {
    fn default() -> Self {
        Self::anonymous()
    }
}

impl fmt::Debug for Registries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registries")
            .field("settings", &self.shared.settings)
            .field("credentials", &self.shared.credentials)
            .finish_non_exhaustive()
    }
}
