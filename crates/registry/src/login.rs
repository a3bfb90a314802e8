//! `registry login`: asks a registry whether it accepts a credential.

use std::sync::Arc;

use reqwest::{Method, StatusCode};

use crate::auth::Scopes;
use crate::http::Request;
use crate::{Access, Credential, CredentialError, CredentialSource, Registries, RegistryError, Scheme};

/// A source with the credential that is being tried.
#[derive(Debug)]
struct Given(Credential);

impl CredentialSource for Given {
    fn credential(&self, _: &str) -> Result<Option<Credential>, CredentialError> {
        Ok(Some(self.0.clone()))
    }
}

impl Registries {
    /// Whether the registry called `host` (as in references) accepts the credential. One that asks for none accepts any.
    ///
    /// # Errors
    /// [`RegistryError`]: [`BadCredentials`](RegistryError::BadCredentials) when it does not,
    /// [`NotARegistry`](RegistryError::NotARegistry) when the server is not a registry, others when it could not be asked.
    pub async fn check_login(&self, host: &str, scheme: Scheme, credential: &Credential) -> Result<(), RegistryError> {
        let root = self.root(host, scheme)?;
        let endpoint = self.fresh_endpoint(host, root, Arc::new(Given(credential.clone())))?;
        // distribution-spec, "Determining Support".
        let request = Request::new(Method::GET, endpoint.url("v2/")?);
        let answer = endpoint.exchange(&request, &Scopes::default(), Access::Push).await;
        let answer = match answer {
            // A token that the token server gave for the credential, but without access to anything.
            Err(RegistryError::Denied { user, name, .. }) => {
                return Err(RegistryError::BadCredentials { user, name });
            }
            // There was no challenge that could be answered, so this is not a registry.
            Err(RegistryError::Unauthorized { host, .. }) => {
                return Err(RegistryError::NotARegistry {
                    host,
                    reason: "it asks for a login, but not in a way that registries do",
                });
            }
            answer => answer?,
        };
        let is_page = answer
            .content_type()
            .is_some_and(|content_type| content_type == "text/html");
        match answer.status() {
            StatusCode::NOT_FOUND => Err(RegistryError::NotARegistry {
                host: answer.host,
                reason: "it has no /v2/",
            }),
            status if status.is_success() && is_page => Err(RegistryError::NotARegistry {
                host: answer.host,
                reason: "it sent a web page",
            }),
            status if status.is_success() => Ok(()),
            StatusCode::FORBIDDEN if answer.is_from_origin => {
                let host = answer.host.clone();
                Err(endpoint.authenticator.denied(&host, answer.reason().await, true))
            }
            _ => Err(answer.failure("/v2/").await),
        }
    }
}
