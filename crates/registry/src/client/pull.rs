//! Reading: manifests and blobs (distribution-spec, "Pull").

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use container_oci::{Digest, MediaType, media_type};
use reqwest::header::{ACCEPT, HeaderMap, RANGE};
use reqwest::{Method, StatusCode, Url};

use super::{RegistryClient, header};
use crate::RegistryError;
use crate::endpoint::Endpoint;
use crate::error::shorten;
use crate::http::{Answer, Request};

/// The media types that a request for a manifest accepts.
const MANIFEST_TYPES: [&str; 4] = [
    media_type::OCI_INDEX,
    media_type::OCI_MANIFEST,
    media_type::DOCKER_INDEX,
    media_type::DOCKER_MANIFEST,
];

/// A manifest or index, and what the registry says about it.
pub struct Fetched {
    /// The document's bytes as they were received.
    pub bytes: Bytes,
    /// `Content-Type`, without parameters.
    pub media_type: Option<MediaType>,
    /// `Docker-Content-Digest` (distribution-spec, "Pulling manifests"), if it is a valid digest.
    pub claimed_digest: Option<Digest>,
}

/// The body of a blob, from some offset on.
pub struct BlobBody {
    answer: Answer,
    /// The mirror's flag, set when the connection breaks, so that the next try goes to another registry.
    has_failed: Option<Arc<AtomicBool>>,
    /// Offset of the first byte: the one asked for, or 0 when the registry does not support ranges.
    pub start: u64,
}

impl RegistryClient {
    /// A manifest or index by tag or digest, at most `limit_bytes` long. Nothing about it has been checked.
    ///
    /// # Errors
    /// [`RegistryError`], which calls the document `what`.
    pub async fn manifest(&self, name: &str, what: &str, limit_bytes: u64) -> Result<Fetched, RegistryError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, header(&MANIFEST_TYPES.join(", "))?);
        let path = self.path(&format!("manifests/{name}"));
        let (fetched, _) = self
            .ask(what, async |endpoint: &Endpoint| {
                let answer = self.get(endpoint, &path, &headers, what).await?;
                if answer.content_type().as_deref() == Some("text/html") {
                    return Err(RegistryError::NotARegistry {
                        host: answer.host,
                        reason: "it sent a web page in place of a manifest",
                    });
                }
                Ok(Fetched {
                    media_type: answer.content_type().map(|text| MediaType::from(text.as_str())),
                    claimed_digest: answer.digest(),
                    bytes: answer.bytes(what, limit_bytes).await?,
                })
            })
            .await?;
        Ok(fetched)
    }

    /// A blob's body from `offset` on; from its beginning where the registry does not support ranges or refuses this one.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn blob(&self, digest: &Digest, offset: u64) -> Result<BlobBody, RegistryError> {
        let path = self.path(&format!("blobs/{digest}"));
        let what = format!("blob {digest}");
        let (mut body, has_failed) = self
            .ask(&what, async |endpoint: &Endpoint| {
                let request =
                    async |headers: HeaderMap| -> Result<_, _> { self.get(endpoint, &path, &headers, &what).await };
                from_offset_or_start(offset, request).await
            })
            .await?;
        body.has_failed = has_failed;
        Ok(body)
    }

    /// The body of a non-distributable layer from a place that its descriptor names, like [`Self::blob`].
    ///
    /// No credentials are sent there. Plain http is used only if the registry itself is asked by plain http.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn foreign_blob(&self, url: &str, offset: u64) -> Result<BlobBody, RegistryError> {
        let refused = || RegistryError::ForeignUrl { url: shorten(url) };
        let url = Url::parse(url).map_err(|_| refused())?;
        let is_allowed = url.scheme() == "https" || (url.scheme() == "http" && self.registry.root.scheme() == "http");
        if !is_allowed || !url.has_host() || !url.username().is_empty() || url.password().is_some() {
            return Err(refused());
        }
        from_offset_or_start(offset, async |headers| {
            let mut request = Request::new(Method::GET, url.clone());
            request.headers = headers;
            let answer = self.registry.web.send(&request, None).await?;
            match answer.status().is_success() {
                true => Ok(answer),
                false => Err(answer.failure("non-distributable layer").await),
            }
        })
        .await
    }

    /// Asks the mirrors in their order, then the registry. Returns the answer and the failure flag of the mirror that sent it.
    async fn ask<T>(
        &self,
        what: &str,
        request: impl AsyncFn(&Endpoint) -> Result<T, RegistryError>,
    ) -> Result<(T, Option<Arc<AtomicBool>>), RegistryError> {
        for mirror in &self.mirrors {
            if mirror.has_failed.load(Ordering::Relaxed) {
                continue;
            }
            match request(&mirror.endpoint).await {
                Ok(answer) => return Ok((answer, Some(Arc::clone(&mirror.has_failed)))),
                Err(error) => {
                    // A mirror that lacks this may have the next thing.
                    let is_missing = matches!(error, RegistryError::NotFound { .. });
                    mirror.has_failed.store(!is_missing, Ordering::Relaxed);
                    let host = mirror.endpoint.host();
                    if is_missing {
                        tracing::debug!(mirror = %host, %what, "the mirror lacks it, asking the next registry");
                    } else {
                        tracing::warn!("the mirror {host} cannot give {what}, asking the next registry: {error}");
                    }
                }
            }
        }
        Ok((request(&self.registry).await?, None))
    }

    async fn get(
        &self,
        endpoint: &Endpoint,
        path: &str,
        headers: &HeaderMap,
        what: &str,
    ) -> Result<Answer, RegistryError> {
        let mut request = Request::new(Method::GET, endpoint.url(path)?);
        request.headers = headers.clone();
        endpoint.request(&request, &self.scopes, self.access, what).await
    }
}

/// Requests everything from `offset` on and, where that is refused, the whole.
async fn from_offset_or_start(
    offset: u64,
    request: impl AsyncFn(HeaderMap) -> Result<Answer, RegistryError>,
) -> Result<BlobBody, RegistryError> {
    let ranged = request(from_offset(offset)?).await;
    match ranged.and_then(|answer| BlobBody::new(answer, offset)) {
        Err(error) if offset > 0 && error.may_be_about_the_range() => {
            tracing::debug!(offset, %error, "a range is refused, asking for everything");
            BlobBody::new(request(HeaderMap::new()).await?, 0)
        }
        body => body,
    }
}

fn from_offset(offset: u64) -> Result<HeaderMap, RegistryError> {
    let mut headers = HeaderMap::new();
    if offset > 0 {
        headers.insert(RANGE, header(&format!("bytes={offset}-"))?);
    }
    Ok(headers)
}

impl BlobBody {
    /// The body of the answer to a request for everything from `offset` on.
    fn new(answer: Answer, offset: u64) -> Result<Self, RegistryError> {
        let start = match answer.status() {
            StatusCode::PARTIAL_CONTENT if answer.range_start() == Some(offset) => offset,
            StatusCode::OK => 0,
            _ => {
                return Err(RegistryError::Protocol {
                    host: answer.host,
                    reason: "it answered a request for a range with another one",
                });
            }
        };
        Ok(Self {
            answer,
            has_failed: None,
            start,
        })
    }

    /// The next bytes; `None` at the end of the body.
    ///
    /// # Errors
    /// [`RegistryError`] when the connection breaks, goes silent or is too slow.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, RegistryError> {
        let chunk = self.answer.chunk().await;
        if let (Err(_), Some(has_failed)) = (&chunk, &self.has_failed) {
            has_failed.store(true, Ordering::Relaxed);
        }
        chunk
    }
}
