//! Bearer tokens from a token server (distribution token specification, and its OAuth2 variant for refresh tokens).

use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;

use super::Scopes;
use crate::http::{Answer, Authorization, Payload, Request, Web, host_of, is_loopback};
use crate::{Credential, RegistryError, Secret};

/// The largest token answer that is read.
const TOKEN_LIMIT_BYTES: u64 = 256 * 1024;
/// Lifetime of a token when its server does not say (distribution token specification, `expires_in`).
const DEFAULT_LIFE: Duration = Duration::from_secs(60);
/// A token is renewed this long before it expires, so that it does not expire on its way to the registry.
const RENEWAL_MARGIN: Duration = Duration::from_secs(10);
/// The client's name at a token server (distribution OAuth2 specification, `client_id`).
const CLIENT_ID: &str = "container";

/// A bearer token and when it expires.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) value: Secret,
    ends_at: Instant,
}

impl Token {
    pub(super) fn is_alive(&self) -> bool {
        Instant::now() < self.ends_at
    }
}

/// The token server of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Realm {
    url: Url,
    service: Option<String>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<i64>,
}

impl TokenAnswer {
    /// The token, under either of its names. An empty one counts as missing.
    fn value(&mut self) -> Option<String> {
        let names = [self.token.take(), self.access_token.take()];
        names.into_iter().flatten().find(|value| !value.is_empty())
    }

    /// The token's lifetime. Some servers send zero or less for an unknown one, which counts as missing.
    fn life(&self) -> Duration {
        let seconds = self.expires_in.and_then(|seconds| u64::try_from(seconds).ok());
        let life = seconds
            .filter(|seconds| *seconds > 0)
            .map_or(DEFAULT_LIFE, Duration::from_secs);
        life.min(Duration::from_secs(24 * 60 * 60))
    }
}

impl Realm {
    /// The server at `realm`, which the registry at `registry` named.
    ///
    /// A registry that is asked over https has to name a token server with https: its tokens give access to the registry.
    pub(super) fn new(registry: &Url, realm: &str, service: Option<String>) -> Result<Self, RegistryError> {
        let host = || host_of(registry);
        let mut url = Url::parse(realm)
            .ok()
            .filter(Url::has_host)
            .ok_or_else(|| RegistryError::Protocol {
                host: host(),
                reason: "the address of its token server is no URL",
            })?;
        let is_secure = url.scheme() == "https" || (url.scheme() == "http" && registry.scheme() == "http");
        if !is_secure {
            return Err(RegistryError::InsecureRealm {
                host: host(),
                realm: host_of(&url),
            });
        }
        // A user name or password in the address would be sent as our own. Removing them cannot fail for a URL with a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(Self { url, service })
    }

    /// Requests a token for `scopes`.
    pub(super) async fn token(
        &self,
        web: &Web,
        registry: &Url,
        credential: Option<&Credential>,
        scopes: &Scopes,
    ) -> Result<Token, Denied> {
        if credential.is_some() && !self.may_see_credentials(registry) {
            return Err(Denied::Failed(RegistryError::InsecureRealm {
                host: host_of(registry),
                realm: host_of(&self.url),
            }));
        }
        let (request, authorization) = match credential {
            Some(Credential::IdentityToken(secret)) => (self.refresh(secret, scopes), None),
            Some(Credential::Password { username, password }) => (
                self.query(Some(username), scopes),
                Some(Authorization::basic(username, password)),
            ),
            None => (self.query(None, scopes), None),
        };
        let answer = web.send(&request, authorization.as_ref()).await?;
        match answer.status().as_u16() {
            200..=299 => Ok(self.read(answer, registry).await?),
            // OAuth2 says 400 for a grant that is not valid (RFC 6749, section 5.2).
            400 if matches!(credential, Some(Credential::IdentityToken(_))) => Err(Denied::Refused {
                reason: answer.reason().await,
            }),
            401 | 403 => Err(Denied::Refused {
                reason: answer.reason().await,
            }),
            _ => Err(Denied::Failed(answer.failure("token").await)),
        }
    }

    /// Whether credentials may be sent to this server: over https, or, where the registry itself is asked without, to the registry's
    /// own host or this machine.
    fn may_see_credentials(&self, registry: &Url) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        self.url.scheme() == "https" || self.url.host_str() == registry.host_str() || is_loopback(host)
    }

    fn query(&self, account: Option<&str>, scopes: &Scopes) -> Request {
        let mut url = self.url.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = &self.service {
                query.append_pair("service", service);
            }
            if let Some(account) = account {
                query.append_pair("account", account);
            }
            for scope in scopes.iter() {
                query.append_pair("scope", scope);
            }
        }
        Request::new(Method::GET, url)
    }

    fn refresh(&self, secret: &Secret, scopes: &Scopes) -> Request {
        // A URL's query and a form have the same encoding.
        let mut form = self.url.clone();
        form.set_query(None);
        {
            let mut fields = form.query_pairs_mut();
            fields.append_pair("grant_type", "refresh_token");
            fields.append_pair("client_id", CLIENT_ID);
            if let Some(service) = &self.service {
                fields.append_pair("service", service);
            }
            let scopes: Vec<&str> = scopes.iter().collect();
            if !scopes.is_empty() {
                fields.append_pair("scope", &scopes.join(" "));
            }
            fields.append_pair("refresh_token", secret.reveal());
        }
        let form = form.query().unwrap_or_default().to_owned();
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        Request {
            headers,
            payload: Payload::Secret(Secret::new(form)),
            ..Request::new(Method::POST, self.url.clone())
        }
    }

    async fn read(&self, answer: Answer, registry: &Url) -> Result<Token, RegistryError> {
        let protocol = || RegistryError::Protocol {
            host: host_of(registry),
            reason: "its token server sent no token",
        };
        let body = answer.bytes("token", TOKEN_LIMIT_BYTES).await?;
        let mut answer: TokenAnswer = serde_json::from_slice(&body).map_err(|_| protocol())?;
        let value = answer.value().ok_or_else(protocol)?;
        // Other characters cannot be sent in a header.
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(protocol());
        }
        let life = answer.life();
        Ok(Token {
            value: Secret::new(value),
            ends_at: Instant::now() + life.saturating_sub(RENEWAL_MARGIN.min(life / 2)),
        })
    }
}

/// Why there is no token.
pub(super) enum Denied {
    /// The token server refused the request.
    Refused { reason: String },
    /// The token server could not be reached, or its answer is invalid.
    Failed(RegistryError),
}

impl From<RegistryError> for Denied {
    fn from(error: RegistryError) -> Self {
        Self::Failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm(registry: &str, realm: &str) -> Option<bool> {
        let registry = Url::parse(registry).unwrap();
        let realm = Realm::new(&registry, realm, None).ok()?;
        Some(realm.may_see_credentials(&registry))
    }

    #[test]
    fn an_empty_token_and_a_zero_lifetime_count_as_missing() {
        for (text, value, seconds) in [
            (r#"{"token":"a","access_token":"b","expires_in":300}"#, Some("a"), 300),
            (r#"{"token":"","access_token":"b","expires_in":0}"#, Some("b"), 60),
            (r#"{"token":null,"access_token":"b","expires_in":null}"#, Some("b"), 60),
            (r#"{"token":"a","access_token":"","expires_in":-1}"#, Some("a"), 60),
            (r#"{"token":"","access_token":""}"#, None, 60),
            ("{}", None, 60),
        ] {
            let mut answer: TokenAnswer = serde_json::from_str(text).unwrap();
            assert_eq!(answer.value().as_deref(), value, "{text}");
            assert_eq!(answer.life(), Duration::from_secs(seconds), "{text}");
        }
    }

    #[test]
    fn credentials_are_sent_over_https_or_to_this_machine() {
        let https = "https://registry.example/v2/";
        let http = "http://10.0.0.5:5000/v2/";
        for (registry, address, verdict) in [
            (https, "https://auth.example/token", Some(true)),
            (https, "http://registry.example/token", None),
            (https, "http://127.0.0.1/token", None),
            (https, "ftp://auth.example/", None),
            (https, "no address", None),
            (http, "https://auth.example/token", Some(true)),
            (http, "http://10.0.0.5:5001/token", Some(true)),
            (http, "http://127.0.0.1:5001/token", Some(true)),
            (http, "http://10.0.0.6/token", Some(false)),
            (http, "http://10.0.0.5.example/token", Some(false)),
        ] {
            assert_eq!(realm(registry, address), verdict, "{registry} {address}");
        }
    }
}
