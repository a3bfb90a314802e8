//! Authentication at one registry: which scheme it asked for, and the tokens that it has accepted.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use reqwest::Url;
use tokio::sync::{Mutex, OnceCell};

use super::Scopes;
use super::token::{Denied, Realm, Token};
use crate::http::{Authorization, Challenge, Web};
use crate::{Access, Credential, CredentialError, CredentialSource, RegistryError, Secret};

/// The authentication scheme that a registry asked for (RFC 9110, section 11.1).
#[derive(Debug, Clone)]
enum AuthScheme {
    Basic,
    Bearer(Realm),
}

/// Authenticates requests to one registry. All clients of the registry share it, so that a credential or token is asked for once.
pub(crate) struct Authenticator {
    /// The registry as references and credentials name it.
    name: String,
    /// The registry's root address.
    registry: Url,
    source: Arc<dyn CredentialSource>,
    credential: OnceCell<Option<Credential>>,
    /// Why the credential source failed, where a pull went on without a credential.
    source_error: OnceLock<CredentialError>,
    learned: Mutex<Learned>,
}

#[derive(Default)]
struct Learned {
    scheme: Option<AuthScheme>,
    tokens: BTreeMap<Scopes, Token>,
}

impl Authenticator {
    pub(crate) fn new(name: &str, registry: Url, source: Arc<dyn CredentialSource>) -> Self {
        Self {
            name: name.to_owned(),
            registry,
            source,
            credential: OnceCell::new(),
            source_error: OnceLock::new(),
            learned: Mutex::default(),
        }
    }

    /// The header for the first try of a request, from the challenges of earlier requests.
    pub(crate) async fn authorization(
        &self,
        web: &Web,
        scopes: &Scopes,
        access: Access,
    ) -> Result<Option<Authorization>, RegistryError> {
        // The lock is held while a token is fetched, so that other requests wait for it instead of fetching another.
        let mut learned = self.learned.lock().await;
        match learned.scheme.clone() {
            None => Ok(None),
            Some(AuthScheme::Basic) => self.basic(access).await,
            Some(AuthScheme::Bearer(realm)) => {
                let token = self.token(web, &mut learned, &realm, scopes, None, access).await?;
                Ok(Some(Authorization::Bearer(token)))
            }
        }
    }

    /// The header that answers the challenges to a request that was sent with `refused`; `None` when none of them can be answered.
    pub(crate) async fn answer_challenge(
        &self,
        web: &Web,
        challenges: &[Challenge],
        scopes: &Scopes,
        refused: Option<&Authorization>,
        access: Access,
    ) -> Result<Option<Authorization>, RegistryError> {
        let bearer = challenges.iter().find_map(|challenge| match challenge {
            Challenge::Bearer { realm, service, scope } => Some((realm, service, scope)),
            Challenge::Basic => None,
        });
        let mut learned = self.learned.lock().await;
        if let Some((realm, service, scope)) = bearer {
            let realm = Realm::new(&self.registry, realm, service.clone())?;
            learned.scheme = Some(AuthScheme::Bearer(realm.clone()));
            let asked = scopes.and(scope.as_deref().unwrap_or_default());
            let refused = match refused {
                Some(Authorization::Bearer(token)) => Some(token),
                _ => None,
            };
            let token = self.token(web, &mut learned, &realm, &asked, refused, access).await?;
            if let Some(token) = learned.tokens.get(&asked).cloned() {
                learned.tokens.insert(scopes.clone(), token);
            }
            return Ok(Some(Authorization::Bearer(token)));
        }
        if challenges.contains(&Challenge::Basic) {
            learned.scheme = Some(AuthScheme::Basic);
            let basic = self.basic(access).await?;
            return Ok(basic.filter(|basic| Some(basic) != refused));
        }
        Ok(None)
    }

    /// The error for a request that the registry refused.
    pub(crate) fn denied(&self, host: &str, reason: String, was_password: bool) -> RegistryError {
        let credential = self.credential.get().and_then(Option::as_ref);
        let (host, name) = (host.to_owned(), self.name.clone());
        match credential {
            None => {
                let reason = match self.source_error.get() {
                    Some(source_error) => format!("{reason} ({source_error})"),
                    None => reason,
                };
                RegistryError::Unauthorized { host, name, reason }
            }
            Some(credential) if was_password => RegistryError::BadCredentials {
                user: user(credential),
                name,
            },
            Some(credential) => RegistryError::Denied {
                host,
                user: user(credential),
                name,
                reason,
            },
        }
    }

    async fn basic(&self, access: Access) -> Result<Option<Authorization>, RegistryError> {
        match self.credential(access).await? {
            Some(Credential::Password { username, password }) => Ok(Some(Authorization::basic(username, password))),
            Some(Credential::IdentityToken(_)) => Err(RegistryError::NeedsPassword {
                name: self.name.clone(),
            }),
            None => Ok(None),
        }
    }

    /// A token that has not expired, other than the refused one.
    async fn token(
        &self,
        web: &Web,
        learned: &mut Learned,
        realm: &Realm,
        scopes: &Scopes,
        refused: Option<&Secret>,
        access: Access,
    ) -> Result<Secret, RegistryError> {
        let usable = |token: &&Token| token.is_alive() && Some(&token.value) != refused;
        if let Some(token) = learned.tokens.get(scopes).filter(usable) {
            return Ok(token.value.clone());
        }
        let credential = self.credential(access).await?;
        match realm.token(web, &self.registry, credential, scopes).await {
            Ok(token) => {
                let value = token.value.clone();
                learned.tokens.insert(scopes.clone(), token);
                Ok(value)
            }
            Err(Denied::Refused { reason }) => {
                Err(self.denied(&crate::http::host_of(&self.registry), reason, credential.is_some()))
            }
            Err(Denied::Failed(error)) => Err(error),
        }
    }

    /// The source's credential. The source is asked on a thread that may block, and not again after its first answer.
    ///
    /// A pull goes on without a credential when the source fails, because a public image needs none.
    async fn credential(&self, access: Access) -> Result<Option<&Credential>, RegistryError> {
        let ask = || async {
            let (source, name) = (Arc::clone(&self.source), self.name.clone());
            let answer = tokio::task::spawn_blocking(move || source.credential(&name)).await;
            match answer {
                Ok(Ok(credential)) => Ok(credential),
                Ok(Err(error)) if access == Access::Pull => {
                    tracing::warn!("going on without a login: {error}");
                    // Asked once, so nothing is there yet.
                    let _ = self.source_error.set(error);
                    Ok(None)
                }
                Ok(Err(error)) => Err(error),
                Err(_) => Err(CredentialError {
                    host: self.name.clone(),
                    place: "the credential store".to_owned(),
                    reason: "the work was interrupted".to_owned(),
                }),
            }
        };
        Ok(self.credential.get_or_try_init(ask).await?.as_ref())
    }
}

fn user(credential: &Credential) -> String {
    match credential {
        Credential::Password { username, .. } => username.clone(),
        Credential::IdentityToken(_) => "the stored identity token".to_owned(),
    }
}
