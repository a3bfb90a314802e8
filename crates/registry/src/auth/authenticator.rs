//! The door of one registry: what it has asked for, and what has opened it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use reqwest::{RequestBuilder, Url};
use tokio::sync::{Mutex, OnceCell};

use super::Scopes;
use super::challenge::Challenge;
use super::token::{Denied, Realm, Token};
use crate::http::Web;
use crate::{Access, Credential, CredentialError, CredentialSource, RegistryError, Secret};

/// What goes into a request's `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authorization {
    /// User name and password.
    Basic { username: String, password: Secret },
    /// A token.
    Bearer(Secret),
}

impl Authorization {
    pub(super) fn basic(username: &str, password: &Secret) -> Self {
        Self::Basic {
            username: username.to_owned(),
            password: password.clone(),
        }
    }

    /// The header is marked as sensitive, so that no layer below prints it.
    pub(crate) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Basic { username, password } => request.basic_auth(username, Some(password.reveal())),
            Self::Bearer(token) => request.bearer_auth(token.reveal()),
        }
    }
}

/// Where a registry keeps what opens it.
#[derive(Debug, Clone)]
enum Way {
    Basic,
    Bearer(Realm),
}

/// Who we are for one registry. Shared by all clients of it, so that nothing is asked twice.
pub(crate) struct Gate {
    /// The registry as references and credentials name it.
    name: String,
    /// Its root.
    registry: Url,
    source: Arc<dyn CredentialSource>,
    credential: OnceCell<Option<Credential>>,
    /// Why the source could not be used, when we went on without it.
    trouble: OnceLock<CredentialError>,
    learned: Mutex<Learned>,
}

#[derive(Default)]
struct Learned {
    way: Option<Way>,
    tokens: BTreeMap<Scopes, Token>,
}

impl Gate {
    pub(crate) fn new(name: &str, registry: Url, source: Arc<dyn CredentialSource>) -> Self {
        Self {
            name: name.to_owned(),
            registry,
            source,
            credential: OnceCell::new(),
            trouble: OnceLock::new(),
            learned: Mutex::default(),
        }
    }

    /// What to send before having been asked, from what the registry asked for earlier.
    pub(crate) async fn authorization(
        &self,
        web: &Web,
        scopes: &Scopes,
        access: Access,
    ) -> Result<Option<Authorization>, RegistryError> {
        // The lock is held while a token is fetched: whoever else needs it waits instead of fetching another.
        let mut learned = self.learned.lock().await;
        match learned.way.clone() {
            None => Ok(None),
            Some(Way::Basic) => self.basic(access).await,
            Some(Way::Bearer(realm)) => {
                let token = self.token(web, &mut learned, &realm, scopes, None, access).await?;
                Ok(Some(Authorization::Bearer(token)))
            }
        }
    }

    /// What to send after the registry refused `refused`; `None` when it wants something that we cannot give.
    pub(crate) async fn meet(
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
            learned.way = Some(Way::Bearer(realm.clone()));
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
            learned.way = Some(Way::Basic);
            let basic = self.basic(access).await?;
            return Ok(basic.filter(|basic| Some(basic) != refused));
        }
        Ok(None)
    }

    /// The error for a registry that says no.
    pub(crate) fn denied(&self, host: &str, reason: String, was_password: bool) -> RegistryError {
        let credential = self.credential.get().and_then(Option::as_ref);
        let (host, name) = (host.to_owned(), self.name.clone());
        match credential {
            None => {
                let reason = match self.trouble.get() {
                    Some(trouble) => format!("{reason} ({trouble})"),
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

    /// A living token other than the refused one.
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

    /// What the source knows; asked once, on a thread that may block.
    ///
    /// A place with credentials that cannot be read must not keep anybody from pulling a public image.
    async fn credential(&self, access: Access) -> Result<Option<&Credential>, RegistryError> {
        let ask = || async {
            let (source, name) = (Arc::clone(&self.source), self.name.clone());
            let answer = tokio::task::spawn_blocking(move || source.credential(&name)).await;
            match answer {
                Ok(Ok(credential)) => Ok(credential),
                Ok(Err(error)) if access == Access::Pull => {
                    tracing::warn!("going on without a login: {error}");
                    // Asked once, so nothing is there yet.
                    let _ = self.trouble.set(error);
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
