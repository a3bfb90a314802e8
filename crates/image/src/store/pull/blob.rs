//! The blobs of a pull.

use std::sync::Arc;

use bytes::Bytes;
use container_oci::{Descriptor, Digest};
use tokio::sync::mpsc;

use super::PullFailure;
use crate::content::{ContentError, Ingest, Session, Staged, StorePaths, read_blob};
use crate::disk::DiskError;
use crate::progress::{Progress, ProgressEvent};
use crate::store::layers::{self, Claim};
use crate::store::lock;
use crate::store::worker::blocking;
use container_registry::{BlobBody, RegistryClient, RegistryError, retry};

/// Chunks that may wait for the disk.
const QUEUE_CHUNKS: usize = 64;

/// Where blobs come from and go to.
pub(super) struct Source<'a> {
    pub(super) paths: &'a StorePaths,
    pub(super) session: &'a Arc<Session>,
    pub(super) client: &'a RegistryClient,
    pub(super) progress: &'a dyn Progress,
}

/// A small blob, from the store if it is there.
pub(super) async fn fetch_small(
    source: &Source<'_>,
    descriptor: &Descriptor,
    what: &str,
    limit_bytes: u64,
) -> Result<Vec<u8>, PullFailure> {
    if descriptor.size_bytes > limit_bytes {
        let host = source.client.host().to_owned();
        return Err(RegistryError::TooLarge {
            host,
            what: what.to_owned(),
            limit_bytes,
        }
        .into());
    }
    if !source.session.has_blob(&descriptor.digest)? {
        let ingest = Ingest::start(source.session, descriptor.digest.algorithm())?;
        download(source, descriptor, ingest).await?;
    }
    Ok(read_blob(source.paths, &descriptor.digest, limit_bytes)?)
}

/// Stores a document whose digest has been checked.
pub(super) async fn store_bytes(
    source: &Source<'_>,
    descriptor: &Descriptor,
    bytes: Bytes,
) -> Result<(), ContentError> {
    let (paths, session, descriptor) = (source.paths.clone(), Arc::clone(source.session), descriptor.clone());
    blocking(move || {
        if session.has_blob(&descriptor.digest)? {
            return Ok(());
        }
        let mut ingest = Ingest::start(&session, descriptor.digest.algorithm())?;
        ingest.write(&bytes)?;
        ingest.finish_as(&descriptor.digest, bytes.len() as u64)?.commit(&paths)
    })
    .await?
}

/// Brings a layer's blob and its disk into the store.
pub(super) async fn fetch_layer(source: &Source<'_>, layer: Descriptor, diff_id: Digest) -> Result<(), PullFailure> {
    let digest = layer.digest;
    let present = || source.progress.event(ProgressEvent::LayerPresent { digest });
    if source.session.has_blob(&digest)? {
        present();
    } else {
        let waiting = || source.progress.event(ProgressEvent::LayerWaiting { digest });
        let _guard = lock::exclusive(&source.paths.blob_lock(&digest), waiting).await?;
        if source.session.has_blob(&digest)? {
            present();
        } else {
            fetch_and_unpack(source, &layer, &diff_id).await?;
        }
    }
    layers::ensure(source.paths, source.session, &layer, &diff_id).await?;
    source
        .progress
        .event(ProgressEvent::DiskReady { layer: digest, diff_id });
    Ok(())
}

/// Brings a blob into the store that becomes no disk.
pub(super) async fn fetch_kept(source: &Source<'_>, blob: Descriptor) -> Result<(), PullFailure> {
    let digest = blob.digest;
    let present = || source.progress.event(ProgressEvent::LayerPresent { digest });
    if source.session.has_blob(&digest)? {
        present();
        return Ok(());
    }
    let waiting = || source.progress.event(ProgressEvent::LayerWaiting { digest });
    let _guard = lock::exclusive(&source.paths.blob_lock(&digest), waiting).await?;
    if source.session.has_blob(&digest)? {
        present();
        return Ok(());
    }
    let ingest = Ingest::start(source.session, digest.algorithm())?;
    download(source, &blob, ingest).await?;
    source.progress.event(ProgressEvent::LayerStored { digest });
    Ok(())
}

/// Downloads the blob and, unless somebody else is at it, makes the disk from the bytes as they arrive.
async fn fetch_and_unpack(source: &Source<'_>, layer: &Descriptor, diff_id: &Digest) -> Result<(), PullFailure> {
    let ingest = Ingest::start(source.session, layer.digest.algorithm())?;
    let follower = ingest.follow()?;
    let unpack = async {
        match layers::claim(source.paths, source.session, diff_id).await? {
            Claim::Made(_) => Ok(()),
            Claim::Ours(lock) => layers::make(source.paths, source.session, layer, diff_id, lock, follower)
                .await
                .map(|_| ()),
        }
    };
    let download = async {
        download(source, layer, ingest).await?;
        source
            .progress
            .event(ProgressEvent::LayerStored { digest: layer.digest });
        Ok(())
    };
    let (downloaded, unpacked): (Result<(), PullFailure>, Result<(), DiskError>) = tokio::join!(download, unpack);
    // A failed download fails the unpacking as well; the cause is the one to report.
    downloaded?;
    Ok(unpacked?)
}

/// Downloads the blob and gives it its name once its digest has proved right.
async fn download(source: &Source<'_>, descriptor: &Descriptor, ingest: Ingest) -> Result<(), PullFailure> {
    let (chunks, queue) = mpsc::channel(QUEUE_CHUNKS);
    let (paths, expected) = (source.paths.clone(), descriptor.clone());
    let writer = blocking(move || write(ingest, queue, &paths, &expected));
    let (received, written) = tokio::join!(receive(source, descriptor, chunks), writer);
    match (received, written?) {
        // When the writer has failed, the receiver only found its queue closed.
        (_, Err(error @ (ContentError::NoSpace { .. } | ContentError::Io { .. }))) => Err(error.into()),
        (Err(error), _) => Err(error.into()),
        (Ok(()), Err(ContentError::DigestMismatch { expected, actual })) => {
            let what = format!("blob {expected}");
            Err(RegistryError::DigestMismatch { what, expected, actual }.into())
        }
        (Ok(()), written) => Ok(written?),
    }
}

/// A piece of a blob, or the word that it is complete. A queue that closes without that word means: give up.
enum Piece {
    Bytes(Bytes),
    End,
}

fn write(
    mut ingest: Ingest,
    mut queue: mpsc::Receiver<Piece>,
    paths: &StorePaths,
    expected: &Descriptor,
) -> Result<(), ContentError> {
    while let Some(piece) = queue.blocking_recv() {
        match piece {
            Piece::Bytes(bytes) => ingest.write(&bytes)?,
            Piece::End => {
                let staged: Staged = ingest.finish_as(&expected.digest, expected.size_bytes)?;
                return staged.commit(paths);
            }
        }
    }
    Err(ContentError::WorkerLost)
}

/// Sends the blob's bytes to the writer, and goes on where it stopped after a broken connection.
async fn receive(
    source: &Source<'_>,
    descriptor: &Descriptor,
    chunks: mpsc::Sender<Piece>,
) -> Result<(), RegistryError> {
    let digest = descriptor.digest;
    let what = format!("blob {digest}");
    let mut received_bytes = 0;
    retry(
        &what,
        |retry| source.progress.event(ProgressEvent::Retrying(retry)),
        async || {
            let mut body = open(source, descriptor, received_bytes).await?;
            // A registry without ranges sends everything again; what has been written already is passed over.
            let mut skip = received_bytes - body.start;
            while let Some(mut chunk) = body.chunk().await? {
                let skipped = skip.min(chunk.len() as u64);
                skip -= skipped;
                // At most the length of the chunk, so it fits.
                let _ = chunk.split_to(usize::try_from(skipped).unwrap_or(chunk.len()));
                received_bytes += chunk.len() as u64;
                if received_bytes > descriptor.size_bytes {
                    let (expected_bytes, actual_bytes) = (descriptor.size_bytes, received_bytes);
                    return Err(RegistryError::SizeMismatch {
                        what: what.clone(),
                        expected_bytes,
                        actual_bytes,
                    });
                }
                if !chunk.is_empty() && chunks.send(Piece::Bytes(chunk)).await.is_err() {
                    // The writer has failed and tells why.
                    return Ok(());
                }
                source
                    .progress
                    .event(ProgressEvent::LayerBytes { digest, received_bytes });
            }
            if received_bytes < descriptor.size_bytes {
                let (expected_bytes, actual_bytes) = (descriptor.size_bytes, received_bytes);
                return Err(RegistryError::SizeMismatch {
                    what: what.clone(),
                    expected_bytes,
                    actual_bytes,
                });
            }
            Ok(())
        },
    )
    .await?;
    let _ = chunks.send(Piece::End).await;
    Ok(())
}

/// The blob's body from the registry; that of a non-distributable layer, which the registry need not have, else from the
/// places that its descriptor names.
async fn open(source: &Source<'_>, descriptor: &Descriptor, offset: u64) -> Result<BlobBody, RegistryError> {
    let missing = match source.client.blob(&descriptor.digest, offset).await {
        Err(error @ RegistryError::NotFound { .. }) if descriptor.is_elsewhere() => error,
        answer => return answer,
    };
    let mut last = missing;
    for url in &descriptor.urls {
        match source.client.foreign_blob(url, offset).await {
            Ok(body) => return Ok(body),
            Err(error) => last = error,
        }
    }
    Err(last)
}
