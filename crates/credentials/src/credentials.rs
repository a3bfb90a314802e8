//! The places that credentials come from, in the order in which they are asked.

use container_oci::RegistryHost;
use container_registry::{Credential, CredentialError, CredentialSource};

use crate::docker::{self, AuthFile};
use crate::{Environment, LoginError, LoginStore};

/// The credentials of this user, from all the places where they may be.
#[derive(Debug)]
pub struct Credentials {
    environment: Environment,
    logins: LoginStore,
}

impl Credentials {
    /// The credentials in this environment, in these logins and in the files that the environment names.
    #[must_use]
    pub fn new(environment: Environment, logins: LoginStore) -> Self {
        Self { environment, logins }
    }

    fn in_environment(&self, host: &RegistryHost) -> Option<Credential> {
        let (own, credential) = self.environment.credential.as_ref()?;
        (own == host).then(|| credential.clone())
    }

    fn in_logins(&self, host: &RegistryHost) -> Result<Option<Credential>, CredentialError> {
        match self.logins.credential(host) {
            // The image may be public, so the pull goes on, with a warning.
            Err(LoginError::Keyring(error)) => {
                tracing::warn!("going on without the login for {host}: {error}");
                Ok(None)
            }
            Err(error) => Err(CredentialError {
                host: host.to_string(),
                place: "the login store".to_owned(),
                reason: error.to_string(),
            }),
            Ok(credential) => Ok(credential),
        }
    }

    /// The credential that Docker, then podman has. What cannot be read there costs a warning.
    fn in_files_of_others(&self, host: &RegistryHost) -> Option<Credential> {
        let docker = self
            .environment
            .docker_config
            .as_ref()
            .map(|path| path.join("config.json"));
        docker.iter().chain(&self.environment.podman_auth).find_map(|path| {
            let file = AuthFile::read(path)
                .inspect_err(|error| tracing::warn!("going on without {}: {error}", path.display()))
                .ok()??;
            self.in_auth_file(host, &file)
        })
    }

    fn in_auth_file(&self, host: &RegistryHost, file: &AuthFile) -> Option<Credential> {
        let helpers = file.helpers(host);
        let asked = helpers.into_iter().find_map(|name| {
            docker::ask(name, host, &self.environment.search_path)
                .inspect_err(|error| tracing::warn!("going on without the credential helper {name:?}: {error}"))
                .ok()?
        });
        asked.or_else(|| {
            file.credential(host)
                .inspect_err(|error| tracing::warn!("going on without the credential for {host}: {error}"))
                .ok()?
        })
    }
}

impl CredentialSource for Credentials {
    fn credential(&self, host: &str) -> Result<Option<Credential>, CredentialError> {
        let Ok(host) = RegistryHost::from_address(host) else {
            return Ok(None);
        };
        if let Some(credential) = self.in_environment(&host) {
            return Ok(Some(credential));
        }
        match self.in_logins(&host)? {
            Some(credential) => Ok(Some(credential)),
            None => Ok(self.in_files_of_others(&host)),
        }
    }
}
