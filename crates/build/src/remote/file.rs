//! Files at addresses.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use container_build_cache::{BuildCache, FetchClaim, FetchedFile, NewFile};
use container_oci::Digest;
use container_registry::{Download, DownloadedFile, Downloads, FileVersion, RegistryError, retry};
use container_tar::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::RemoteError;
use crate::address::WebAddress;

/// The largest file: as much as a context may have.
const LIMIT_BYTES: u64 = 64 << 30;
/// Pieces that wait to be written.
const QUEUE_PIECES: usize = 16;

/// A file that was fetched.
#[derive(Debug, Clone)]
pub(crate) struct RemoteFile {
    content: Arc<File>,
    /// Digest of its bytes.
    pub(crate) digest: Digest,
    pub(crate) size_bytes: u64,
    /// When it was changed last, if the server says so.
    pub(crate) last_modified: Option<Timestamp>,
}

impl RemoteFile {
    /// The time that it gets as a file: 1970 where the server says nothing, as in BuildKit.
    pub(crate) fn modified(&self) -> Timestamp {
        self.last_modified.unwrap_or_default()
    }

    /// Its bytes, from the first one on.
    pub(crate) fn reader(&self) -> FileReader {
        FileReader {
            file: Arc::clone(&self.content),
            position: 0,
        }
    }

    /// Makes sure that it is the file that was asked for.
    fn check(&self, address: &WebAddress, expected: &Digest) -> Result<(), RemoteError> {
        match self.digest == *expected {
            true => Ok(()),
            false => Err(RemoteError::Checksum {
                url: address.without_login(),
                actual: self.digest,
                expected: *expected,
            }),
        }
    }

    fn new(content: File, file: &FetchedFile) -> Result<Self, RemoteError> {
        Ok(Self {
            size_bytes: content.metadata()?.len(),
            content: Arc::new(content),
            digest: file.digest,
            last_modified: file.last_modified.as_deref().and_then(parse_time),
        })
    }
}

/// Reads a file from a place of its own, so that any number of readers share it.
#[derive(Debug)]
pub(crate) struct FileReader {
    file: Arc<File>,
    position: u64,
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(buffer, self.position)?;
        self.position += length as u64;
        Ok(length)
    }
}

/// Fetches a file, unless the server says that it is the one in the cache. If the one in the cache is the one that is `expected`, nobody is asked.
pub(super) async fn fetch(
    downloads: &Downloads,
    cache: &BuildCache,
    address: &WebAddress,
    expected: Option<&Digest>,
) -> Result<RemoteFile, RemoteError> {
    let claim = cache.claim_fetch(address.as_str(), || {}).await?;
    let known = claim.known()?;
    if let (Some((file, content)), Some(expected)) = (&known, expected)
        && file.digest == *expected
    {
        return RemoteFile::new(content.try_clone()?, file);
    }
    let version = known.as_ref().map(|(file, _)| FileVersion {
        etag: file.etag.clone(),
        last_modified: file.last_modified.clone(),
        is_settled: file.is_settled,
    });
    let what = address.without_login();
    let fetched = retry(
        &what,
        |retry| tracing::debug!(what = retry.what, reason = retry.reason, "fetching again"),
        async || match downloads.get(address.as_str(), version.as_ref()).await? {
            Download::Unchanged => Ok(Ok(None)),
            // What goes wrong on this machine is no reason to ask again.
            Download::File(sent) => save(&claim, address, sent, LIMIT_BYTES).await,
        },
    );
    let fetched = fetched.await.map_err(|error| RemoteError::of_file(address, error))??;
    let file = match (fetched, known) {
        (Some(new), _) => new,
        (None, Some((file, content))) => RemoteFile::new(content, &file)?,
        (None, None) => {
            return Err(RemoteError::Fetch {
                url: address.without_login(),
                reason: "the server says that it is unchanged, and it was never fetched".to_owned(),
            });
        }
    };
    if let Some(expected) = expected {
        file.check(address, expected)?;
    }
    Ok(file)
}

/// Takes in a file. The outer error is one of the server's.
async fn save(
    claim: &FetchClaim,
    address: &WebAddress,
    mut sent: Box<DownloadedFile>,
    limit_bytes: u64,
) -> Result<Result<Option<RemoteFile>, RemoteError>, RegistryError> {
    let new = match claim.begin() {
        Ok(new) => new,
        Err(error) => return Ok(Err(error.into())),
    };
    let (pieces, received) = mpsc::channel(QUEUE_PIECES);
    let writing = tokio::task::spawn_blocking(move || write(new, received));
    let mut size_bytes = 0_u64;
    while let Some(bytes) = sent.chunk().await? {
        size_bytes += bytes.len() as u64;
        if size_bytes > limit_bytes {
            let url = address.without_login();
            return Ok(Err(RemoteError::TooLarge { url, limit_bytes }));
        }
        // The writer says itself why it takes no more.
        if pieces.send(bytes).await.is_err() {
            break;
        }
    }
    drop(pieces);
    let version = sent.version;
    let url = address.without_login();
    let kept = async {
        let (new, digest) = writing.await.map_err(|_| RemoteError::Interrupted)??;
        let file = FetchedFile {
            url,
            digest,
            etag: version.etag,
            last_modified: version.last_modified,
            is_settled: version.is_settled,
        };
        let kept = tokio::task::spawn_blocking(move || RemoteFile::new(new.keep(file.clone())?, &file));
        kept.await.map_err(|_| RemoteError::Interrupted)?
    };
    Ok(kept.await.map(Some))
}

/// Writes what comes, until nothing more comes.
fn write(new: NewFile, mut received: mpsc::Receiver<Bytes>) -> Result<(NewFile, Digest), RemoteError> {
    let mut hash = Sha256::new();
    while let Some(bytes) = received.blocking_recv() {
        hash.update(&bytes);
        new.file().write_all(&bytes)?;
    }
    Ok((new, Digest::Sha256(hash.finalize().into())))
}

/// A time of `Last-Modified`.
fn parse_time(text: &str) -> Option<Timestamp> {
    let time = httpdate::parse_http_date(text).ok()?;
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp {
        seconds: i64::try_from(since.as_secs()).ok()?,
        nanoseconds: 0,
    })
}

#[cfg(test)]
mod tests;
