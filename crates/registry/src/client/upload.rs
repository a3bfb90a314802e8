//! The bytes of blobs on their way to a registry (distribution-spec, "Pushing blobs").
//!
//! A blob goes out in one request as long as nothing speaks against it. Pieces are sent when the registry asks for them, when
//! something on the way refuses a large request, and to go on where a connection broke.

use std::fs::File;
use std::sync::Arc;

use container_oci::Digest;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE};
use reqwest::{Method, StatusCode, Url};
use tokio::sync::watch;

use super::push::check_digest;
use super::{RegistryClient, header};
use crate::http::{Answer, FileRange, Payload, Request};
use crate::retry::{ATTEMPTS, PROGRESS_BYTES, Retry, pause};
use crate::{RegistryError, http};

/// Size of the first piece, when there are pieces.
const PIECE_BYTES: u64 = 32 * 1024 * 1024;
/// Pieces are not made smaller than this, however often they are refused as too large.
const SMALLEST_PIECE_BYTES: u64 = 256 * 1024;
/// The largest piece that a registry may insist on (`OCI-Chunk-Min-Length`).
const LARGEST_MINIMUM_BYTES: u64 = 1024 * 1024 * 1024;
/// What the bodies of blobs are sent as.
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
    /// The upload that an answer tells of.
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

    /// The same upload where the answer says that it goes on.
    fn moved(&mut self, answer: &Answer) -> Result<(), RegistryError> {
        if let Some(location) = answer.location()? {
            self.location = location;
        }
        Ok(())
    }
}

/// How far one upload is, and how it goes on.
struct Course<'a> {
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

    /// Sends a blob, in the upload that `begun` is or in a new one. A broken upload is resumed where it broke, or made again.
    ///
    /// `on_bytes` hears how many bytes of the blob have been sent; `on_retry` of each failure that is made good.
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
        let mut course = Course {
            digest,
            content,
            piece_bytes: upload.minimum_bytes.map(|bytes| bytes.max(PIECE_BYTES)),
            upload,
            offset: 0,
            sent,
        };
        let sending = self.send(&mut course, &on_retry);
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

    async fn send(&self, course: &mut Course<'_>, on_retry: &impl Fn(Retry)) -> Result<(), RegistryError> {
        let mut attempt = 1;
        let mut farthest = 0;
        let mut is_lost = false;
        loop {
            let error = match self.go_on(course, is_lost).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            is_lost = true;
            if error.status() == Some(413) {
                if course.shrink() {
                    continue;
                }
                return Err(error);
            }
            if course.offset >= farthest + PROGRESS_BYTES {
                // It got further than ever, so this is not the same failure over and over.
                attempt = 1;
                farthest = course.offset;
            }
            let may_pass = match &error {
                // The registry has been there a moment ago.
                RegistryError::Refused { .. } => true,
                // It has lost track of the upload, or we have.
                RegistryError::Status { status: 404 | 416, .. } => true,
                error => error.is_worth_a_retry(),
            };
            if !may_pass || attempt >= ATTEMPTS {
                return Err(error);
            }
            let delay = pause(attempt, error.retry_after());
            on_retry(Retry {
                what: format!("push of blob {}", course.digest),
                reason: error.to_string(),
                delay,
            });
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }

    /// Goes on with the upload, which has to be found again when a request of it has failed.
    async fn go_on(&self, course: &mut Course<'_>, is_lost: bool) -> Result<(), RegistryError> {
        if is_lost {
            self.find_again(course).await?;
        }
        self.send_rest(course).await
    }

    /// Sends what the registry has not got yet and ends the upload.
    async fn send_rest(&self, course: &mut Course<'_>) -> Result<(), RegistryError> {
        let size_bytes = course.content.size_bytes;
        // What is left of a broken upload can only be sent as a piece.
        if course.offset > 0 && course.piece_bytes.is_none() {
            course.piece_bytes = Some(size_bytes.max(1));
        }
        let Some(piece_bytes) = course.piece_bytes else {
            return self.finish(course, 0).await;
        };
        while course.offset < size_bytes {
            let start = course.offset;
            let length = piece_bytes.min(size_bytes - start);
            let mut request = Request::new(Method::PATCH, course.upload.location.clone());
            let last = start + length - 1;
            request.headers.insert(CONTENT_TYPE, header(OCTETS)?);
            request
                .headers
                .insert(CONTENT_RANGE, header(&format!("{start}-{last}"))?);
            request.payload = Payload::File(course.range(start, length));
            let answer = self.exchange_upload(&request).await?;
            course.upload.moved(&answer)?;
            // The registry may have kept less than it was sent, but crumbs would never end. What makes no sense is passed over:
            // the digest at the end decides.
            let end = start + length;
            let least = end.min(start + PROGRESS_BYTES);
            course.offset = match answer.uploaded_bytes() {
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
        self.finish(course, size_bytes).await
    }

    /// Ends the upload with everything from `start` on.
    async fn finish(&self, course: &mut Course<'_>, start: u64) -> Result<(), RegistryError> {
        let mut url = course.upload.location.clone();
        url.query_pairs_mut().append_pair("digest", &course.digest.to_string());
        let mut request = Request::new(Method::PUT, url);
        let left = course.content.size_bytes - start;
        if left > 0 {
            request.headers.insert(CONTENT_TYPE, header(OCTETS)?);
            request.payload = Payload::File(course.range(start, left));
        }
        let answer = self.exchange_upload(&request).await?;
        check_digest(answer.digest(), course.digest, "a pushed blob")
    }

    /// Asks the registry how far the upload is (distribution-spec, "Getting upload status"); without an answer it starts again.
    async fn find_again(&self, course: &mut Course<'_>) -> Result<(), RegistryError> {
        let request = Request::new(Method::GET, course.upload.location.clone());
        let asked = self.registry.exchange(&request, &self.scopes, self.access).await;
        if let Ok(answer) = asked
            && answer.status().is_success()
            && let Some(bytes) = answer.uploaded_bytes()
            && (1..=course.content.size_bytes).contains(&bytes)
        {
            course.upload.moved(&answer)?;
            course.offset = bytes;
            return Ok(());
        }
        course.upload = self.begin_upload().await?;
        course.offset = 0;
        Ok(())
    }

    async fn exchange_upload(&self, request: &Request) -> Result<Answer, RegistryError> {
        let answer = self.registry.exchange(request, &self.scopes, self.access).await?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            // An upload that is gone is not a thing that was asked for by name.
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

impl Course<'_> {
    fn range(&self, start: u64, length: u64) -> FileRange {
        http::FileRange {
            file: Arc::clone(&self.content.file),
            start,
            length,
            sent: self.sent.clone(),
        }
    }

    /// Sends smaller requests from now on, if that is possible.
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
