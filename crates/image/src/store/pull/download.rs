//! The bytes of one blob, from the registry into the store.
//!
//! A layer's download outlives its process: what has arrived stays as a partial file, which the next pull continues.
//! The partial file is hashed again, because a power failure may have damaged it: the blob then has the wrong digest, the
//! partial file is removed, and the blob is fetched once more from its beginning.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use container_oci::Descriptor;
use container_registry::{BlobBody, RegistryError, retry_transfer};
use tokio::sync::{Notify, mpsc};

use super::PullFailure;
use super::source::Source;
use crate::content::{ContentError, Ingest, StorePaths};
use crate::disk::DiskError;
use crate::progress::ProgressEvent;
use crate::store::lock::WorkLock;
use crate::store::worker::blocking;

/// Chunks that may wait for the disk.
const QUEUE_CHUNKS: usize = 64;

/// What is known of the bytes of a blob while they arrive.
#[derive(Debug, Default)]
pub(super) struct Arrival {
    /// Whether they are of several origins: an earlier attempt, or several answers.
    is_joined: Cell<bool>,
    /// Whether all of them are here and have the right digest.
    is_proven: Cell<bool>,
    left_bytes: Cell<u64>,
    stop: Notify,
}

impl Arrival {
    /// How many bytes have not come yet.
    pub(super) fn left_bytes(&self) -> u64 {
        self.left_bytes.get()
    }

    /// Ends the download, which then fails; what has come stays for the next pull.
    pub(super) fn stop(&self) {
        self.stop.notify_one();
    }

    /// Whether the failure may be one of the bytes as they have come, so that fetching them again may help.
    pub(super) fn is_blamed_by(&self, failure: &PullFailure) -> bool {
        match failure {
            PullFailure::Registry(error) => is_wrong_content(error),
            PullFailure::Disk(DiskError::Unpack { .. }) => !self.is_proven.get(),
            _ => false,
        }
    }

    /// Whether the bytes are of several origins.
    pub(super) fn is_joined(&self) -> bool {
        self.is_joined.get()
    }
}

fn is_wrong_content(error: &RegistryError) -> bool {
    matches!(
        error,
        RegistryError::DigestMismatch { .. } | RegistryError::SizeMismatch { .. } | RegistryError::Protocol { .. }
    )
}

/// Downloads what is missing of the blob and gives it its name once its digest has proved right.
///
/// The writing thread owns a share of `lock`, so the blob is not given to another writer before this one is through, even
/// when the caller stops waiting.
pub(super) async fn download(
    source: &Source<'_>,
    descriptor: &Descriptor,
    ingest: Ingest,
    lock: Option<Arc<WorkLock>>,
    arrival: &Arrival,
) -> Result<(), PullFailure> {
    let (pieces, queue) = mpsc::channel(QUEUE_CHUNKS);
    let present_bytes = ingest.present_bytes();
    arrival
        .left_bytes
        .set(descriptor.size_bytes.saturating_sub(present_bytes));
    let (paths, expected) = (source.paths.clone(), descriptor.clone());
    let writer = blocking(move || {
        let written = write(ingest, queue, &paths, &expected);
        drop(lock);
        written
    });
    let receiver = async {
        tokio::select! {
            received = receive(source, descriptor, present_bytes, pieces, arrival) => Some(received),
            () = arrival.stop.notified() => None,
        }
    };
    let (received, written) = tokio::join!(receiver, writer);
    match (received, written?) {
        // When the writer has failed, the receiver only found its queue closed.
        (_, Err(error @ (ContentError::NoSpace { .. } | ContentError::Io { .. }))) => Err(error.into()),
        (None, _) => Err(ContentError::WorkerLost.into()),
        (Some(Err(error)), _) => Err(error.into()),
        (Some(Ok(())), Err(ContentError::DigestMismatch { expected, actual })) => {
            let what = format!("blob {expected}");
            Err(RegistryError::DigestMismatch { what, expected, actual }.into())
        }
        (Some(Ok(())), written) => {
            written?;
            arrival.is_proven.set(true);
            Ok(())
        }
    }
}

/// A piece of a blob, or a word about it. A queue that closes without one means: give up, but keep what is here.
enum Piece {
    Bytes(Bytes),
    End,
    Wrong,
}

fn write(
    mut ingest: Ingest,
    mut queue: mpsc::Receiver<Piece>,
    paths: &StorePaths,
    expected: &Descriptor,
) -> Result<(), ContentError> {
    let path = ingest.path().to_owned();
    let is_complete = fill(&mut ingest, &mut queue).inspect_err(|_| discard(&path))?;
    if is_complete {
        let staged = ingest.finish_as(&expected.digest, expected.size_bytes);
        return staged.inspect_err(|_| discard(&path))?.commit(paths);
    }
    if ingest.present_bytes() == 0 {
        discard(&path);
    }
    Err(ContentError::WorkerLost)
}

/// Writes until the blob is complete, or is given up.
fn fill(ingest: &mut Ingest, queue: &mut mpsc::Receiver<Piece>) -> Result<bool, ContentError> {
    ingest.catch_up(|| queue.is_closed() && queue.is_empty())?;
    loop {
        match queue.blocking_recv() {
            Some(Piece::Bytes(bytes)) => ingest.write(&bytes)?,
            Some(Piece::End) => return Ok(true),
            Some(Piece::Wrong) => {
                discard(ingest.path());
                return Ok(false);
            }
            None => return Ok(false),
        }
    }
}

/// Removes what cannot be gone on with: it is wrong, or its space is needed. A failure leaves a file for the next attempt.
pub(super) fn discard(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(path = %path.display(), %error, "cannot remove an unfinished download");
    }
}

/// Sends the blob's bytes from `present_bytes` on to the writer, and goes on where it stopped after a broken connection.
async fn receive(
    source: &Source<'_>,
    descriptor: &Descriptor,
    present_bytes: u64,
    pieces: mpsc::Sender<Piece>,
    arrival: &Arrival,
) -> Result<(), RegistryError> {
    let what = format!("blob {}", descriptor.digest);
    let received_bytes = Cell::new(present_bytes);
    // A registry that breaks off whenever it is asked to go on somewhere is asked for everything in between.
    let asks_for_all = Cell::new(false);
    let received = if present_bytes == descriptor.size_bytes && present_bytes > 0 {
        Ok(())
    } else {
        retry_transfer(
            &what,
            |retry| source.progress.event(ProgressEvent::Retrying(retry)),
            || received_bytes.get(),
            async || {
                let before_bytes = received_bytes.get();
                arrival.is_joined.set(arrival.is_joined() || before_bytes > 0);
                let offset = if asks_for_all.get() { 0 } else { before_bytes };
                let received = receive_once(source, descriptor, offset, &received_bytes, &pieces, arrival).await;
                let is_stuck = received.is_err() && received_bytes.get() == before_bytes;
                asks_for_all.set(is_stuck && offset > 0);
                received
            },
        )
        .await
    };
    match &received {
        Ok(()) => {
            let _ = pieces.send(Piece::End).await;
        }
        Err(error) if is_wrong_content(error) => {
            let _ = pieces.send(Piece::Wrong).await;
        }
        Err(_) => {}
    }
    received
}

/// One request for the blob's bytes from `offset` on, of which those that have been received already are passed over.
async fn receive_once(
    source: &Source<'_>,
    descriptor: &Descriptor,
    offset: u64,
    received_bytes: &Cell<u64>,
    pieces: &mpsc::Sender<Piece>,
    arrival: &Arrival,
) -> Result<(), RegistryError> {
    let digest = descriptor.digest;
    let wrong_size = |actual_bytes| RegistryError::SizeMismatch {
        what: format!("blob {digest}"),
        expected_bytes: descriptor.size_bytes,
        actual_bytes,
    };
    let mut body = open(source, descriptor, offset).await?;
    // A registry without ranges sends everything again.
    let mut skip = received_bytes.get().saturating_sub(body.start);
    while let Some(mut chunk) = body.chunk().await? {
        let skipped = skip.min(chunk.len() as u64);
        skip -= skipped;
        // At most the length of the chunk, so it fits.
        let _ = chunk.split_to(usize::try_from(skipped).unwrap_or(chunk.len()));
        received_bytes.set(received_bytes.get() + chunk.len() as u64);
        if received_bytes.get() > descriptor.size_bytes {
            return Err(wrong_size(received_bytes.get()));
        }
        arrival.left_bytes.set(descriptor.size_bytes - received_bytes.get());
        if !chunk.is_empty() && pieces.send(Piece::Bytes(chunk)).await.is_err() {
            // The writer has failed and tells why.
            return Ok(());
        }
        source.progress.event(ProgressEvent::LayerBytes {
            digest,
            received_bytes: received_bytes.get(),
        });
    }
    if received_bytes.get() < descriptor.size_bytes {
        return Err(wrong_size(received_bytes.get()));
    }
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
