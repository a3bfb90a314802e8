//! Requests to one repository of one registry.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use container_oci::{Digest, MediaType, Reference, media_type};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, RANGE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Response, StatusCode, redirect};

use super::auth::fetch_token;
use super::challenge::{self, Challenge};
use super::scheme::is_loopback;
use super::{RegistryError, Scheme};
use crate::error::shorten;

/// Time for a connection, TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// Time without a single byte.
const SILENCE_LIMIT: Duration = Duration::from_secs(60);
/// Redirects in a row.
const REDIRECT_LIMIT: usize = 10;
/// How much of an error page is read.
const ERROR_PAGE_LIMIT_BYTES: u64 = 64 * 1024;
/// What we can read where a manifest is asked for.
const MANIFEST_TYPES: [&str; 4] = [
    media_type::OCI_INDEX,
    media_type::OCI_MANIFEST,
    media_type::DOCKER_INDEX,
    media_type::DOCKER_MANIFEST,
];

/// A client for one repository.
pub struct RegistryClient {
    http: reqwest::Client,
    host: String,
    is_http: bool,
    repository: String,
    token: Mutex<Option<String>>,
}

/// A small document and what the registry says that it is.
pub struct Fetched {
    /// The document as it came.
    pub bytes: Bytes,
    /// `Content-Type`, without parameters.
    pub media_type: Option<MediaType>,
    /// `Docker-Content-Digest` (distribution-spec, "Pulling manifests"), where it is one.
    pub claimed_digest: Option<Digest>,
}

/// The body of a blob, from some offset on.
pub struct BlobBody {
    response: Response,
    host: String,
    /// Offset of the first byte: the one asked for, or 0 when the registry knows no ranges.
    pub start: u64,
}

impl RegistryClient {
    /// A client for the repository of `reference`.
    pub fn new(reference: &Reference, scheme: Scheme) -> Result<Self, RegistryError> {
        let host = match reference.registry() {
            // Docker Hub's name and its registry's differ (distribution `registry/config.go`, "IndexHostname").
            "docker.io" => "registry-1.docker.io",
            host => host,
        };
        let is_http = scheme.is_http(host);
        Ok(Self {
            http: http_client(host, is_http)?,
            host: host.to_owned(),
            is_http,
            repository: reference.repository().to_owned(),
            token: Mutex::new(None),
        })
    }

    /// The registry, for messages.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// A manifest or index by tag or digest, at most `limit_bytes` long. Nothing about it has been checked.
    pub async fn manifest(&self, name: &str, what: &str, limit_bytes: u64) -> Result<Fetched, RegistryError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, header(&MANIFEST_TYPES.join(", "))?);
        let response = self.get(&format!("manifests/{name}"), headers, what).await?;
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let media_type = content_type.map(|value| MediaType::from(value.split(';').next().unwrap_or(value).trim()));
        let claimed = response
            .headers()
            .get("docker-content-digest")
            .and_then(|value| value.to_str().ok());
        let claimed_digest = claimed.and_then(|value| value.parse().ok());
        let bytes = read_bounded(response, &self.host, what, limit_bytes).await?;
        Ok(Fetched {
            bytes,
            media_type,
            claimed_digest,
        })
    }

    /// A blob's body from `offset` on, if the registry knows ranges.
    pub async fn blob(&self, digest: &Digest, offset: u64) -> Result<BlobBody, RegistryError> {
        let mut headers = HeaderMap::new();
        if offset > 0 {
            headers.insert(RANGE, header(&format!("bytes={offset}-"))?);
        }
        let response = self
            .get(&format!("blobs/{digest}"), headers, &format!("blob {digest}"))
            .await?;
        let start = match response.status() {
            StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(offset) => offset,
            StatusCode::OK => 0,
            _ => return Err(self.protocol("it answered a request for a range with another one")),
        };
        Ok(BlobBody {
            response,
            host: self.host.clone(),
            start,
        })
    }

    /// The body of a non-distributable layer from a place that its descriptor names, from `offset` on if that place knows ranges.
    ///
    /// No credentials are sent there. Plain http is only used where the registry itself is.
    pub async fn foreign_blob(&self, url: &str, offset: u64) -> Result<BlobBody, RegistryError> {
        let refused = || RegistryError::ForeignUrl { url: shorten(url) };
        let url = reqwest::Url::parse(url).map_err(|_| refused())?;
        let is_allowed = url.scheme() == "https" || (url.scheme() == "http" && self.is_http);
        let host = url.host_str().ok_or_else(refused)?.to_owned();
        if !is_allowed || !url.username().is_empty() || url.password().is_some() {
            return Err(refused());
        }
        let mut request = self.http.get(url);
        if offset > 0 {
            request = request.header(RANGE, header(&format!("bytes={offset}-"))?);
        }
        let response = request
            .send()
            .await
            .map_err(|error| RegistryError::from_request(&host, &error))?;
        let start = match response.status() {
            StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(offset) => offset,
            StatusCode::OK => 0,
            _ => return Err(failure(response, &host, "non-distributable layer").await),
        };
        Ok(BlobBody { response, host, start })
    }

    async fn get(&self, path: &str, headers: HeaderMap, what: &str) -> Result<Response, RegistryError> {
        let scheme = if self.is_http { "http" } else { "https" };
        let url = format!("{scheme}://{}/v2/{}/{path}", self.host, self.repository);
        let mut has_asked = false;
        loop {
            let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let mut request = self.http.get(&url).headers(headers.clone());
            if let Some(token) = token {
                request = request.header(AUTHORIZATION, header(&format!("Bearer {token}"))?);
            }
            let response = request
                .send()
                .await
                .map_err(|error| RegistryError::from_request(&self.host, &error))?;
            if response.status().is_success() {
                return Ok(response);
            }
            if response.status() == StatusCode::UNAUTHORIZED && !has_asked {
                has_asked = true;
                if let Some(Challenge::Bearer { realm, service, scope }) = challenge_of(&response) {
                    let scope = scope.unwrap_or_else(|| format!("repository:{}:pull", self.repository));
                    let token = fetch_token(&self.http, &self.host, &realm, service.as_deref(), &scope).await?;
                    *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
                    continue;
                }
            }
            return Err(failure(response, &self.host, what).await);
        }
    }

    fn protocol(&self, reason: &'static str) -> RegistryError {
        RegistryError::Protocol {
            host: self.host.clone(),
            reason,
        }
    }
}

impl BlobBody {
    /// The next bytes; `None` at the end of the body.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, RegistryError> {
        self.response
            .chunk()
            .await
            .map_err(|error| RegistryError::from_request(&self.host, &error))
    }
}

fn http_client(host: &str, is_http: bool) -> Result<reqwest::Client, RegistryError> {
    let builder = || {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("container/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(SILENCE_LIMIT)
            .redirect(redirect::Policy::custom(follow));
        // A proxy cannot reach this machine's own registry.
        if is_loopback(host) { builder.no_proxy() } else { builder }
    };
    let built = match builder().build() {
        // A machine without root certificates can still use a registry without TLS.
        Err(_) if is_http => builder().tls_certs_only([]).build(),
        built => built,
    };
    built.map_err(|error| RegistryError::Client {
        reason: format!("{error:?}"),
    })
}

/// Follows redirects, but never from https to http. The library itself drops credentials on the way to another host.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let was_secure = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    if was_secure && attempt.url().scheme() != "https" {
        return attempt.error("redirected from https to http");
    }
    if attempt.previous().len() > REDIRECT_LIMIT {
        return attempt.error("too many redirects");
    }
    attempt.follow()
}

/// The whole body, if it is not larger than allowed.
pub(super) async fn read_bounded(
    mut response: Response,
    host: &str,
    what: &str,
    limit_bytes: u64,
) -> Result<Bytes, RegistryError> {
    let too_large = || RegistryError::TooLarge {
        host: host.to_owned(),
        what: what.to_owned(),
        limit_bytes,
    };
    if response.content_length().is_some_and(|length| length > limit_bytes) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| RegistryError::from_request(host, &error))?
    {
        if body.len() as u64 + chunk.len() as u64 > limit_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// The error that fits an answer which is no success.
pub(super) async fn failure(response: Response, host: &str, what: &str) -> RegistryError {
    let status = response.status();
    let host = host.to_owned();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let page = read_bounded(response, &host, what, ERROR_PAGE_LIMIT_BYTES)
        .await
        .unwrap_or_default();
    let reason = reason(&page).unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason given").to_owned());
    match status {
        StatusCode::NOT_FOUND => RegistryError::NotFound { what: what.to_owned() },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RegistryError::Unauthorized { host, reason },
        status => {
            let retry_after = retry_after.map(Duration::from_secs);
            RegistryError::Status {
                host,
                status: status.as_u16(),
                reason,
                retry_after,
            }
        }
    }
}

/// The first message of an error document (distribution-spec, "Error Codes").
fn reason(page: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(page).ok()?;
    let error = document.get("errors")?.get(0)?;
    let text = error.get("message").or_else(|| error.get("code"))?.as_str()?;
    Some(shorten(text)).filter(|text| !text.is_empty())
}

fn challenge_of(response: &Response) -> Option<Challenge> {
    Some(challenge::parse(
        response.headers().get(WWW_AUTHENTICATE)?.to_str().ok()?,
    ))
}

/// The offset in `Content-Range: bytes 10-19/20` (RFC 9110, section 14.4).
fn range_start(response: &Response) -> Option<u64> {
    let value = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    value.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

fn header(value: &str) -> Result<reqwest::header::HeaderValue, RegistryError> {
    // Only a token can hold what a header cannot; its text must not show up in a message.
    value.parse().map_err(|_| RegistryError::Client {
        reason: "a header value has forbidden characters".to_owned(),
    })
}
