//! Connections, and sending requests over them.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Certificate, Method, Response, StatusCode, Url, redirect};
use tokio::time::timeout;

use super::pace::SILENCE_LIMIT;
use super::{Answer, Authorization, Payload, Request, host_of, is_loopback, is_same_origin, resolve};
use crate::RegistryError;

/// Time for a connection, TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// Time for the answer once a blob has been sent: the registry may compute the digest of gigabytes or copy them to other storage.
const DIGESTION_LIMIT: Duration = Duration::from_secs(600);
/// The most redirects in a row that are followed.
const REDIRECT_LIMIT: usize = 10;

/// Connections, with the certificate authorities that are trusted for them.
pub(crate) struct Web {
    authorities: Vec<Certificate>,
    proxied: Mutex<Option<reqwest::Client>>,
    direct: Mutex<Option<reqwest::Client>>,
}

impl Web {
    /// Trusts the system's authorities and those in the given PEM files.
    pub(crate) fn new(ca_files: &[PathBuf]) -> Result<Self, RegistryError> {
        let mut authorities = Vec::new();
        for path in ca_files {
            let failed = |reason| RegistryError::CaFile {
                path: path.clone(),
                reason,
            };
            let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
            let found = Certificate::from_pem_bundle(&pem).unwrap_or_default();
            if found.is_empty() {
                return Err(failed("it holds no PEM certificate".to_owned()));
            }
            authorities.extend(found);
        }
        Ok(Self {
            authorities,
            proxied: Mutex::default(),
            direct: Mutex::default(),
        })
    }

    /// Sends the request and follows redirects. `authorization` goes to the origin of the request only.
    ///
    /// # Errors
    /// [`RegistryError`] when there is no answer. An answer that is no success is no error here.
    pub(crate) async fn send(
        &self,
        request: &Request,
        authorization: Option<&Authorization>,
    ) -> Result<Answer, RegistryError> {
        let mut url = request.url.clone();
        for _ in 0..=REDIRECT_LIMIT {
            let is_at_origin = is_same_origin(&url, &request.url);
            let authorization = authorization.filter(|_| is_at_origin);
            let response = self.send_once(request, &url, authorization).await?;
            match target(request, &url, &response)? {
                Some(next) => url = next,
                None => return Ok(Answer::new(response, &url, is_at_origin)),
            }
        }
        Err(RegistryError::TooManyRedirects {
            host: host_of(&request.url),
        })
    }

    async fn send_once(
        &self,
        request: &Request,
        url: &Url,
        authorization: Option<&Authorization>,
    ) -> Result<Response, RegistryError> {
        let host = host_of(url);
        let mut builder = self
            .client(url)?
            .request(request.method.clone(), url.clone())
            .headers(request.headers.clone());
        if let Some(authorization) = authorization {
            builder = authorization.apply(builder);
        }
        if let Some(body) = request.payload.body() {
            builder = builder.body(body);
        } else if request.method != Method::GET && request.method != Method::HEAD {
            // Some servers insist on the length of a body that is not there.
            builder = builder.header(reqwest::header::CONTENT_LENGTH, "0");
        }
        let sending = builder.send();
        let answered = match &request.payload {
            Payload::File(range) => {
                let end = range.start + range.length;
                let mut sent = range.sent.subscribe();
                tokio::pin!(sending);
                loop {
                    let limit = if *sent.borrow_and_update() == end {
                        DIGESTION_LIMIT
                    } else {
                        SILENCE_LIMIT
                    };
                    tokio::select! {
                        answered = &mut sending => break Ok(answered),
                        moved = timeout(limit, sent.changed()) => if moved.is_err() {
                            break Err(());
                        },
                    }
                }
            }
            _ => timeout(SILENCE_LIMIT, sending).await.map_err(drop),
        };
        match answered {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(RegistryError::from_request(&host, error)),
            Err(()) => Err(RegistryError::Timeout { host }),
        }
    }

    /// The HTTP client for an address. This machine's own registries are asked without a proxy, which could not reach them.
    fn client(&self, url: &Url) -> Result<reqwest::Client, RegistryError> {
        let is_direct = url.host_str().is_some_and(is_loopback);
        let place = if is_direct { &self.direct } else { &self.proxied };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*place {
            return Ok(client.clone());
        }
        let client = self.build(is_direct, url.scheme() == "http")?;
        *place = Some(client.clone());
        Ok(client)
    }

    fn build(&self, is_direct: bool, is_http: bool) -> Result<reqwest::Client, RegistryError> {
        // reqwest uses the process's default provider of cryptography. An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            let builder = reqwest::Client::builder()
                .user_agent(concat!("container/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT_LIMIT)
                .redirect(redirect::Policy::none());
            if is_direct { builder.no_proxy() } else { builder }
        };
        let built = match builder().tls_certs_merge(self.authorities.clone()).build() {
            // Without root certificates a registry without TLS can still be used.
            Err(_) if is_http => builder().tls_certs_only(self.authorities.clone()).build(),
            built => built,
        };
        built.map_err(|error| RegistryError::Client {
            reason: format!("{error:?}"),
        })
    }
}

/// The address of a redirect that is to be followed.
fn target(request: &Request, url: &Url, response: &Response) -> Result<Option<Url>, RegistryError> {
    let is_reading = request.method == Method::GET || request.method == Method::HEAD;
    let follows = match response.status() {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => is_reading,
        // The same request, body and all (RFC 9110, section 15.4.8).
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {
            !matches!(request.payload, Payload::Secret(_))
        }
        _ => false,
    };
    let location = response.headers().get(reqwest::header::LOCATION);
    let location = location.and_then(|value| value.to_str().ok()).map(str::trim);
    match location.filter(|location| !location.is_empty()) {
        Some(location) if follows => resolve(url, location).map(Some),
        _ => Ok(None),
    }
}
