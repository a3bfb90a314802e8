//! Uploads of blobs (distribution-spec, "Pushing blobs").
//!
//! A blob is sent in one request where possible. It is sent in pieces when the registry asks for them, when a large request is
//! refused, and to resume where a connection broke.

use std::fs::File;
use std::sync::Arc;

use container_oci::Digest;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE};
use reqwest::{Method, StatusCode, Url};
use tokio::sync::watch;

use super::digest::check_digest;
use super::{RegistryClient, header};
use crate::http::{Answer, FileRange, Payload, Request};
use crate::retry::{ATTEMPTS, PROGRESS_BYTES, Retry, pause};
use crate::{RegistryError, http};

/// Size of the pieces, unless a piece is refused as too large or the registry asks for larger ones.
const PIECE_BYTES: u64 = 32 * 1024 * 1024;
/// The smallest piece. Where it is refused as too large, the upload fails.
const SMALLEST_PIECE_BYTES: u64 = 256 * 1024;
/// The largest piece that a registry may insist on (`OCI-Chunk-Min-Length`).
const LARGEST_MINIMUM_BYTES: u64 = 1024 * 1024 * 1024;
/// Media type of the requests' bodies.
const OCTETS: &str = "application/octet-stream";

/// A blob in a file.
#[derive(Debug, Clone)]
pub struct BlobFile {
    /// The file, open for reading. Its cursor is not used.
    pub file: Arc<File>,
    /// Size of the blob.
    pub size_bytes: u64,
}

/// An upload that a registry has begun.
#[derive(Debug, Clone)]
pub struct Upload {
    location: Url,
    /// `OCI-Chunk-Min-Length` (distribution-spec, "Pushing a blob in chunks").
    minimum_bytes: Option<u64>,
}

impl Upload {
    /// The upload that an answer describes.
    pub(super) fn begun(answer: &Answer) -> Result<Self, RegistryError> {
        let protocol = |reason| RegistryError::Protocol {
            host: answer.host.clone(),
            reason,
        };
        let location = answer
            .location()?
            .ok_or_else(|| protocol("it began an upload and did not say where"))?;
        let minimum = answer.header("oci-chunk-min-length");
        let minimum_bytes = minimum.and_then(|value| value.trim().parse().ok());
        if minimum_bytes.is_some_and(|bytes| bytes > LARGEST_MINIMUM_BYTES) {
            return Err(protocol("it asks for pieces of an absurd size"));
        }
        Ok(Self {
            location,
            minimum_bytes,
        })
    }

    /// Continues the upload at the location that the answer names, if it names one.
    fn moved(&mut self, answer: &Answer) -> Result<(), RegistryError> {
        if let Some(location) = answer.location()? {
            self.location = location;
        }
        Ok(())
    }
}

/// The state of one blob's upload.
struct Transfer<'a> {
    digest: &'a Digest,
    content: &'a BlobFile,
    upload: Upload,
    /// Bytes that the registry has.
    offset: u64,
    /// `None`: everything in one request.
    piece_bytes: Option<u64>,
    sent: watch::Sender<u64>,
}

impl RegistryClient {
    /// Begins an upload.
    pub(super) async fn begin_upload(&self) -> Result<Upload, RegistryError> {
        let url = self.registry.url(&self.path("blobs/uploads/"))?;
        let what = format!("repository {}", self.repository);
        let request = Request::new(Method::POST, url);
        let answer = self
            .registry
            .request(&request, &self.scopes, self.access, &what)
            .await?;
        Upload::begun(&answer)
    }

    /// Sends a blob, in the upload `begun` or in a new one. A broken upload is resumed where it broke, or begun again.
    ///
    /// `on_bytes` is called with the number of bytes of the blob that have been sent, `on_retry` with each failure that is retried.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn upload_blob(
        &self,
        digest: &Digest,
        content: &BlobFile,
        begun: Option<Upload>,
        on_bytes: impl Fn(u64),
        on_retry: impl Fn(Retry),
    ) -> Result<(), RegistryError> {
        let upload = match begun {
            Some(upload) => upload,
            None => crate::retry("the start of an upload", &on_retry, async || self.begin_upload().await).await?,
        };
        let (sent, mut watched) = watch::channel(0);
        let mut transfer = Transfer {
            digest,
            content,
            piece_bytes: upload.minimum_bytes.map(|bytes| bytes.max(PIECE_BYTES)),
            upload,
            offset: 0,
            sent,
        };
        let sending = self.send(&mut transfer, &on_retry);
        tokio::pin!(sending);
        loop {
            tokio::select! {
                done = &mut sending => return done,
                moved = watched.changed() => if moved.is_ok() {
                    on_bytes(*watched.borrow_and_update());
                },
            }
        }
    }

    async fn send(&self, transfer: &mut Transfer<'_>, on_retry: &impl Fn(Retry)) -> Result<(), RegistryError> {
        let mut attempt = 1;
        let mut farthest = 0;
        let mut is_lost = false;
        loop {
            let error = match self.resume(transfer, is_lost).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            is_lost = true;
            if error.status() == Some(413) {
                if transfer.shrink() {
                    continue;
                }
                return Err(error);
            }
            if transfer.offset >= farthest + PROGRESS_BYTES {
                // The upload got further than in earlier attempts, so this is not one failure that repeats.
                attempt = 1;
                farthest = transfer.offset;
            }
            let may_pass = match &error {
                // The registry answered a moment ago, so it is probably being restarted.
                RegistryError::Refused { .. } => true,
                // The registry has another offset, or has forgotten the upload.
                RegistryError::Status { status: 404 | 416, .. } => true,
                error => error.is_worth_a_retry(),
            };
            if !may_pass || attempt >= ATTEMPTS {
                return Err(error);
            }
            let delay = pause(attempt, error.retry_after());
            on_retry(Retry {
                what: format!("push of blob {}", transfer.digest),
                reason: error.to_string(),
                delay,
            });
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }

    /// Continues the upload. After a failed request (`is_lost`) its offset is asked for first.
    async fn resume(&self, transfer: &mut Transfer<'_>, is_lost: bool) -> Result<(), RegistryError> {
        if is_lost {
            self.query_offset(transfer).await?;
        }
        self.send_rest(transfer).await
    }

    /// Sends the bytes that the registry does not have yet and ends the upload.
    async fn send_rest(&self, transfer: &mut Transfer<'_>) -> Result<(), RegistryError> {
        let size_bytes = transfer.content.size_bytes;
        // The rest of a broken upload has to be sent as a piece.
        if transfer.offset > 0 && transfer.piece_bytes.is_none() {
            transfer.piece_bytes = Some(size_bytes.max(1));
        }
        let Some(piece_bytes) = transfer.piece_bytes else {
            return self.finish(transfer, 0).await;
        };
        while transfer.offset < size_bytes {
            let start = transfer.offset;
            let length = piece_bytes.min(size_bytes - start);
            let mut request = Request::new(Method::PATCH, transfer.upload.location.clone());
            let last = start + length - 1;
            request.headers.insert(CONTENT_TYPE, header(OCTETS)?);
            request
                .headers
                .insert(CONTENT_RANGE, header(&format!("{start}-{last}"))?);
            request.payload = Payload::File(transfer.range(start, length));
            let answer = self.exchange_upload(&request).await?;
            transfer.upload.moved(&answer)?;
            // A registry may keep less than it was sent, but with too little of each piece the upload would hardly end. Offsets
            // outside of the piece are ignored, because the digest is checked at the end.
            let end = start + length;
            let least = end.min(start + PROGRESS_BYTES);
            transfer.offset = match answer.uploaded_bytes() {
                Some(bytes) if (least..end).contains(&bytes) => bytes,
                Some(bytes) if (start + 1..least).contains(&bytes) => {
                    return Err(RegistryError::Protocol {
                        host: answer.host,
                        reason: "it keeps almost nothing of what it is sent",
                    });
                }
                _ => end,
            };
        }
        self.finish(transfer, size_bytes).await
    }

    /// Ends the upload with everything from `start` on.
    async fn finish(&self, transfer: &mut Transfer<'_>, start: u64) -> Result<(), RegistryError> {
        let mut url = transfer.upload.location.clone();
        url.query_pairs_mut()
            .append_pair("digest", &transfer.digest.to_string());
        let mut request = Request::new(Method::PUT, url);
        let left = transfer.content.size_bytes - start;
        if left > 0 {
            request.headers.insert(CONTENT_TYPE, header(OCTETS)?);
            request.payload = Payload::File(transfer.range(start, left));
        }
        let answer = self.exchange_upload(&request).await?;
        check_digest(answer.digest(), transfer.digest, "a pushed blob")
    }

    /// Asks the registry for the upload's offset (distribution-spec, "Getting upload status"); without a usable answer a new upload
    /// is begun.
    async fn query_offset(&self, transfer: &mut Transfer<'_>) -> Result<(), RegistryError> {
        let request = Request::new(Method::GET, transfer.upload.location.clone());
        let asked = self.registry.exchange(&request, &self.scopes, self.access).await;
        if let Ok(answer) = asked
            && answer.status().is_success()
            && let Some(bytes) = answer.uploaded_bytes()
            && (1..=transfer.content.size_bytes).contains(&bytes)
        {
            transfer.upload.moved(&answer)?;
            transfer.offset = bytes;
            return Ok(());
        }
        transfer.upload = self.begin_upload().await?;
        transfer.offset = 0;
        Ok(())
    }

    async fn exchange_upload(&self, request: &Request) -> Result<Answer, RegistryError> {
        let answer = self.registry.exchange(request, &self.scopes, self.access).await?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            // Not `NotFound`, which is about something that the user named.
            StatusCode::NOT_FOUND => Err(RegistryError::Status {
                host: answer.host.clone(),
                status: 404,
                reason: answer.reason().await,
                retry_after: None,
            }),
            _ => Err(self.registry.failure(answer, "upload").await),
        }
    }
}

impl Transfer<'_> {
    fn range(&self, start: u64, length: u64) -> FileRange {
        http::FileRange {
            file: Arc::clone(&self.content.file),
            start,
            length,
            sent: self.sent.clone(),
        }
    }

    /// Makes the pieces smaller; `false` when they cannot be made smaller.
    fn shrink(&mut self) -> bool {
        let least = self.upload.minimum_bytes.unwrap_or_default().max(SMALLEST_PIECE_BYTES);
        let smaller = match self.piece_bytes {
            None => PIECE_BYTES.min(self.content.size_bytes / 2),
            Some(bytes) => bytes.min(self.content.size_bytes) / 2,
        };
        let smaller = smaller.max(least);
        let is_smaller = smaller < self.piece_bytes.unwrap_or(self.content.size_bytes);
        self.piece_bytes = Some(smaller);
        is_smaller
    }
}
