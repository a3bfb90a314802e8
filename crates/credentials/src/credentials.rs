//! All places in their order.

use container_oci::RegistryHost;
use container_registry::{Credential, CredentialError, CredentialSource};

use crate::docker::{self, AuthFile};
use crate::{Environment, LoginError, LoginStore};

/// The credentials of this user, from wherever they are kept.
#[derive(Debug)]
pub struct Credentials {
    environment: Environment,
    logins: LoginStore,
}

impl Credentials {
    /// The credentials that this environment and these logins have.
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
            // The key ring may be locked or hang, and the image public: going on is worth a try, in silence it is not.
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

    /// What Docker, then podman have. Neither is ours: what cannot be read there is passed over.
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
