//! The blobs of a pull.

use std::sync::Arc;

use bytes::Bytes;
use container_model::Layer;
use container_oci::{Descriptor, Digest};

use super::PullFailure;
use super::download::{Arrival, discard, download};
use super::source::Source;
use crate::content::{ContentError, Ingest, read_blob};
use crate::disk::DiskError;
use crate::progress::ProgressEvent;
use crate::store::layers::{self, Claim};
use crate::store::lock::{self, WorkLock};
use crate::store::worker::blocking;
use container_registry::RegistryError;

/// What may be left of a layer that cannot be unpacked, for the rest to be fetched nonetheless.
const SMALL_REST_BYTES: u64 = 8 * 1024 * 1024;

/// A small blob, from the store if it is there.
pub(super) async fn fetch_small(
    source: &Source<'_>,
    descriptor: &Descriptor,
    what: &str,
    limit_bytes: u64,
) -> Result<Vec<u8>, PullFailure> {
    if descriptor.size_bytes > limit_bytes {
        let host = source.client.host();
        return Err(RegistryError::TooLarge {
            host,
            what: what.to_owned(),
            limit_bytes,
        }
        .into());
    }
    if !source.session.has_blob(&descriptor.digest)? {
        let ingest = Ingest::start(source.session, descriptor.digest.algorithm())?;
        download(source, descriptor, ingest, None, &Arrival::default()).await?;
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
        let lock = Arc::new(lock::exclusive(&source.paths.blob_lock(&digest), waiting).await?);
        if source.session.has_blob(&digest)? {
            present();
        } else {
            resume(source, &layer, async |ingest, arrival| {
                fetch_and_unpack(source, &layer, &diff_id, &lock, ingest, arrival).await
            })
            .await?;
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
    let lock = Arc::new(lock::exclusive(&source.paths.blob_lock(&digest), waiting).await?);
    if source.session.has_blob(&digest)? {
        present();
        return Ok(());
    }
    resume(source, &blob, async |ingest, arrival| {
        download(source, &blob, ingest, Some(Arc::clone(&lock)), arrival).await
    })
    .await?;
    source.progress.event(ProgressEvent::LayerStored { digest });
    Ok(())
}

/// Goes on with what earlier attempts have left of the blob; when that or a mirror cannot have been right, starts again once.
async fn resume(
    source: &Source<'_>,
    blob: &Descriptor,
    attempt: impl AsyncFn(Ingest, &Arrival) -> Result<(), PullFailure>,
) -> Result<(), PullFailure> {
    let ingest = Ingest::resume(source.paths, &blob.digest, blob.size_bytes)?;
    let partial = ingest.path().to_owned();
    let arrival = Arrival::default();
    match attempt(ingest, &arrival).await {
        // Bytes that were put together may be wrong, and so may be what a mirror sent: the registry itself gets a chance.
        Err(failure) if arrival.is_blamed_by(&failure) && (source.client.give_up_mirrors() || arrival.is_joined()) => {
            tracing::warn!(blob = %blob.digest, %failure, "the download is not right; starting again");
            if partial.exists() {
                discard(&partial);
            }
            let ingest = Ingest::resume(source.paths, &blob.digest, blob.size_bytes)?;
            attempt(ingest, &Arrival::default()).await
        }
        fetched => fetched,
    }
}

/// Downloads the blob and makes the disk from the bytes as they arrive, unless another operation makes it. When either fails,
/// the other is ended.
async fn fetch_and_unpack(
    source: &Source<'_>,
    layer: &Descriptor,
    diff_id: &Digest,
    lock: &Arc<WorkLock>,
    ingest: Ingest,
    arrival: &Arrival,
) -> Result<(), PullFailure> {
    let follower = ingest.follow()?;
    let unpack = async {
        match layers::claim(source.paths, source.session, Layer::Single { diff_id: *diff_id }).await? {
            Claim::Made(_) => Ok::<_, DiskError>(()),
            Claim::Ours(lock) => layers::make(source.paths, source.session, layer, diff_id, lock, follower)
                .await
                .map(|_| ()),
        }
    };
    let download = async {
        download(source, layer, ingest, Some(Arc::clone(lock)), arrival).await?;
        source
            .progress
            .event(ProgressEvent::LayerStored { digest: layer.digest });
        Ok::<_, PullFailure>(())
    };
    tokio::pin!(download, unpack);
    let (downloaded, unpacked) = tokio::select! {
        // The thread that unpacks ends with the bytes that it follows.
        downloaded = &mut download => (downloaded, unpack.await),
        unpacked = &mut unpack => {
            // A small rest is fetched all the same: the digest of the whole tells whether the bytes are to blame.
            if unpacked.is_err() && arrival.left_bytes() > SMALL_REST_BYTES {
                arrival.stop();
                let _ = download.await;
                return Ok(unpacked?);
            }
            (download.await, unpacked)
        }
    };
    // A failed download fails the unpacking as well; the cause is the one to report.
    downloaded?;
    Ok(unpacked?)
}
