//! A registry within the test's process, and logins to give to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use container_oci::{Digest, Reference};
use container_registry::{
    Access, Credential, CredentialError, CredentialSource, HostSettings, Registries, RegistryClient, RegistryError,
    RegistrySettings, Scheme, Secret,
};

/// The password in all tests.
pub(crate) const PASSWORD: &str = "hunter2-secret";

/// A source with a login for some registries, which counts how often it is asked.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    known: BTreeMap<String, Credential>,
    is_broken: bool,
    asked: AtomicUsize,
}

impl Logins {
    pub(crate) fn with(host: &str, credential: Credential) -> Arc<Self> {
        Arc::new(Self {
            known: BTreeMap::from([(host.to_owned(), credential)]),
            ..Self::default()
        })
    }

    pub(crate) fn broken() -> Arc<Self> {
        Arc::new(Self {
            is_broken: true,
            ..Self::default()
        })
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl CredentialSource for Logins {
    fn credential(&self, host: &str) -> Result<Option<Credential>, CredentialError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_broken {
            return Err(CredentialError {
                host: host.to_owned(),
                place: "a test".to_owned(),
                reason: "it is broken".to_owned(),
            });
        }
        Ok(self.known.get(host).cloned())
    }
}

pub(crate) fn password() -> Credential {
    Credential::Password {
        username: "ann".to_owned(),
        password: Secret::new(PASSWORD),
    }
}

/// A client for the repository `demo` of the registry at `address`.
pub(crate) fn client(registries: &Registries, address: &str, access: Access) -> RegistryClient {
    let reference: Reference = format!("{address}/demo:1").parse().unwrap();
    registries.client(&reference, Scheme::Auto, access).unwrap()
}

pub(crate) fn logged_in(logins: Arc<dyn CredentialSource>) -> Registries {
    Registries::new(RegistrySettings::default(), logins)
}

/// Registries where `host` has mirrors.
pub(crate) fn mirrored(host: &str, mirrors: &[&str], logins: Arc<dyn CredentialSource>) -> Registries {
    let own = HostSettings {
        mirrors: mirrors.iter().map(|mirror| (*mirror).to_owned()).collect(),
        ..HostSettings::default()
    };
    let mut settings = RegistrySettings::default();
    settings.hosts.insert(host.to_owned(), own);
    Registries::new(settings, logins)
}

/// Pulls the manifest `1`.
pub(crate) async fn manifest(client: &RegistryClient) -> Result<Vec<u8>, RegistryError> {
    let fetched = client.manifest("1", "tag \"1\"", 4 * 1024 * 1024).await?;
    Ok(fetched.bytes.to_vec())
}

/// Reads a whole blob.
pub(crate) async fn blob(client: &RegistryClient, digest: &Digest) -> Result<Vec<u8>, RegistryError> {
    let mut body = client.blob(digest, 0).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

pub(crate) fn digest() -> Digest {
    Digest::Sha256([7; 32])
}
