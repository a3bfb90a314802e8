//! All registries of one process: their settings, connections and credentials.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use container_oci::Reference;
use reqwest::Url;

use crate::auth::Authenticator;
use crate::client::{Mirror, RegistryClient};
use crate::endpoint::Endpoint;
use crate::http::Web;
use crate::{Access, CredentialSource, NoCredentials, RegistryError, RegistrySettings, Scheme, mirror};

/// Makes clients for repositories of any registry. Cheap to clone; clones share connections, tokens and credentials.
#[derive(Clone)]
pub struct Registries {
    shared: Arc<Shared>,
}

struct Shared {
    settings: RegistrySettings,
    credentials: Arc<dyn CredentialSource>,
    /// By name and address, so that all clients of a registry share one.
    endpoints: Mutex<HashMap<(String, Url), Endpoint>>,
    /// By the certificate authorities that are trusted.
    webs: Mutex<HashMap<Vec<PathBuf>, Arc<Web>>>,
}

impl Registries {
    /// Registries with these settings, and `credentials` for those that ask for a login.
    #[must_use]
    pub fn new(settings: RegistrySettings, credentials: Arc<dyn CredentialSource>) -> Self {
        Self {
            shared: Arc::new(Shared {
                settings,
                credentials,
                endpoints: Mutex::default(),
                webs: Mutex::default(),
            }),
        }
    }

    /// Registries without settings and without credentials.
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
        let name = reference.registry();
        let registry = self.endpoint(name, scheme)?;
        let settings = self.shared.settings.hosts.get(name);
        let mut mirrors = Vec::new();
        if let (Access::Pull, Some(settings)) = (access, settings) {
            for text in &settings.mirrors {
                let (host, scheme) = mirror::parse(text)?;
                mirrors.push(Mirror::new(self.endpoint(host, scheme)?));
            }
        }
        Ok(RegistryClient::new(registry, mirrors, reference.repository(), access))
    }

    /// The registry or mirror called `name`, with the login for that name.
    fn endpoint(&self, name: &str, scheme: Scheme) -> Result<Endpoint, RegistryError> {
        let root = self.root(name, scheme)?;
        let key = (name.to_owned(), root.clone());
        let mut endpoints = self.shared.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(endpoint) = endpoints.get(&key) {
            return Ok(endpoint.clone());
        }
        let endpoint = self.fresh_endpoint(name, root, Arc::clone(&self.shared.credentials))?;
        endpoints.insert(key, endpoint.clone());
        Ok(endpoint)
    }

    /// A registry with its own credentials, which no other client shares.
    pub(crate) fn fresh_endpoint(
        &self,
        name: &str,
        root: Url,
        credentials: Arc<dyn CredentialSource>,
    ) -> Result<Endpoint, RegistryError> {
        Ok(Endpoint {
            web: self.web(name)?,
            authenticator: Arc::new(Authenticator::new(name, root.clone(), credentials)),
            root,
        })
    }

    /// The address of the registry called `name`. An explicit scheme wins over the settings, and they win over the automatic choice.
    pub(crate) fn root(&self, name: &str, scheme: Scheme) -> Result<Url, RegistryError> {
        let configured = self.shared.settings.hosts.get(name).and_then(|host| host.scheme);
        let scheme = match scheme {
            Scheme::Auto => configured.unwrap_or_default(),
            explicit => explicit,
        };
        let host = match name {
            // Docker Hub's name and its registry's differ (distribution `registry/config.go`, "IndexHostname").
            "docker.io" => "registry-1.docker.io",
            host => host,
        };
        let bad = |reason| RegistryError::BadHost {
            text: name.to_owned(),
            reason,
        };
        let scheme = if scheme.is_http(host) { "http" } else { "https" };
        let root = Url::parse(&format!("{scheme}://{host}/")).map_err(|_| bad("it is no host name or address"))?;
        let is_plain = root.path() == "/"
            && root.query().is_none()
            && root.fragment().is_none()
            && root.username().is_empty()
            && root.password().is_none();
        if is_plain {
            Ok(root)
        } else {
            Err(bad("only a host and a port are allowed"))
        }
    }

    /// Connections for the registry called `name`.
    fn web(&self, name: &str) -> Result<Arc<Web>, RegistryError> {
        let settings = &self.shared.settings;
        let own = settings.hosts.get(name).map(|host| host.ca_files.as_slice());
        let ca_files: Vec<PathBuf> = settings
            .ca_files
            .iter()
            .chain(own.unwrap_or_default())
            .cloned()
            .collect();
        let mut webs = self.shared.webs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(web) = webs.get(&ca_files) {
            return Ok(Arc::clone(web));
        }
        let web = Arc::new(Web::new(&ca_files)?);
        webs.insert(ca_files, Arc::clone(&web));
        Ok(web)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HostSettings;

    #[test]
    fn an_explicit_scheme_wins_over_the_settings_and_they_over_the_automatic_choice() {
        let mut settings = RegistrySettings::default();
        let host = |scheme| HostSettings {
            scheme: Some(scheme),
            ..HostSettings::default()
        };
        settings.hosts.insert("plain.example".to_owned(), host(Scheme::Http));
        settings.hosts.insert("127.0.0.1:5000".to_owned(), host(Scheme::Https));
        let registries = Registries::new(settings, Arc::new(NoCredentials));
        for (name, scheme, root) in [
            ("docker.io", Scheme::Auto, "https://registry-1.docker.io/"),
            ("plain.example", Scheme::Auto, "http://plain.example/"),
            ("plain.example", Scheme::Https, "https://plain.example/"),
            ("127.0.0.1:5000", Scheme::Auto, "https://127.0.0.1:5000/"),
            ("127.0.0.1:5000", Scheme::Http, "http://127.0.0.1:5000/"),
            ("[::1]:5000", Scheme::Auto, "http://[::1]:5000/"),
        ] {
            assert_eq!(registries.root(name, scheme).unwrap().as_str(), root, "{name}");
        }
        for name in ["", "a b", "me@host", "host/path", "host?x", "host#x", "host:99999"] {
            assert!(registries.root(name, Scheme::Auto).is_err(), "{name}");
        }
    }
}
