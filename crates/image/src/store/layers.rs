//! Making the layer disks of an image whose blobs are here.

use std::sync::Arc;

use container_oci::{Descriptor, Digest, ImageConfig, Manifest};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::lock::{self, WorkLock};
use super::worker::blocking;
use crate::content::{Restart, Session, StorePaths, open_blob};
use crate::disk::{DiskError, LayerDisk, chain_id, find_disk, make_disk, make_merged_disk};
use crate::progress::{Progress, ProgressEvent};

/// The disks of an image, the base first; makes those that are missing, as many at once as there are processors. The lowest `merged` layers are on one disk.
///
/// Manifest and configuration have as many layers as each other.
pub(super) async fn unpack(
    paths: &StorePaths,
    session: &Arc<Session>,
    manifest: &Manifest,
    config: &ImageConfig,
    merged: usize,
    progress: &dyn Progress,
) -> Result<Vec<LayerDisk>, DiskError> {
    let all = manifest.layers.iter().cloned().zip(config.diff_ids().iter().copied());
    let lowest: Vec<(Descriptor, Digest)> = all.take(merged).collect();
    let base = ensure_merged(paths, session, lowest).await?;
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let disks = manifest
        .layers
        .iter()
        .zip(config.diff_ids())
        .skip(merged)
        .map(|(layer, diff_id)| async move {
            let disk = ensure(paths, session, layer, diff_id).await?;
            progress.event(ProgressEvent::DiskReady {
                layer: layer.digest,
                diff_id: *diff_id,
            });
            Ok::<_, DiskError>(disk)
        });
    let mut disks: Vec<LayerDisk> = stream::iter(disks).buffered(at_once).try_collect().await?;
    disks.splice(0..0, base);
    Ok(disks)
}

/// The one disk of several layers; makes it from their blobs unless it is there. None for no layers.
async fn ensure_merged(
    paths: &StorePaths,
    session: &Arc<Session>,
    layers: Vec<(Descriptor, Digest)>,
) -> Result<Option<LayerDisk>, DiskError> {
    let diff_ids: Vec<Digest> = layers.iter().map(|(_, diff_id)| *diff_id).collect();
    let Some(chain_id) = chain_id(&diff_ids) else {
        return Ok(None);
    };
    let guard = match claim(paths, session, &chain_id).await? {
        Claim::Made(disk) => return Ok(Some(disk)),
        Claim::Ours(guard) => guard,
    };
    session.pin(layers.iter().map(|(layer, _)| layer.digest))?;
    let (paths, session) = (paths.clone(), Arc::clone(session));
    let made = blocking(move || {
        let made = make_merged_disk(&paths, &session, &chain_id, &layers);
        drop(guard);
        made
    });
    Ok(Some(made.await??))
}

/// The layer's disk; makes it from its blob unless it is there. Whoever comes second waits and finds it made.
pub(super) async fn ensure(
    paths: &StorePaths,
    session: &Arc<Session>,
    layer: &Descriptor,
    diff_id: &Digest,
) -> Result<LayerDisk, DiskError> {
    match claim(paths, session, diff_id).await? {
        Claim::Made(disk) => Ok(disk),
        Claim::Ours(lock) => {
            session.pin([layer.digest])?;
            let blob = open_blob(paths, &layer.digest)?;
            make(paths, session, layer, diff_id, lock, blob).await
        }
    }
}

/// Who makes a disk.
pub(super) enum Claim {
    /// It has been made.
    Made(LayerDisk),
    /// The holder of this lock makes it.
    Ours(WorkLock),
}

/// Finds the disk, or takes the lock that allows making it.
pub(super) async fn claim(paths: &StorePaths, session: &Session, diff_id: &Digest) -> Result<Claim, DiskError> {
    session.pin([*diff_id])?;
    if let Some(disk) = find_disk(paths, diff_id)? {
        return Ok(Claim::Made(disk));
    }
    let guard = lock::exclusive(&paths.disk_lock(diff_id), || {}).await?;
    Ok(match find_disk(paths, diff_id)? {
        Some(disk) => Claim::Made(disk),
        None => Claim::Ours(guard),
    })
}

/// Makes the disk on a blocking thread. The thread owns the lock, so it holds even when nobody waits for the result any more.
pub(super) async fn make(
    paths: &StorePaths,
    session: &Arc<Session>,
    layer: &Descriptor,
    diff_id: &Digest,
    guard: WorkLock,
    blob: impl Restart + Send + 'static,
) -> Result<LayerDisk, DiskError> {
    let (paths, session, layer, diff_id) = (paths.clone(), Arc::clone(session), layer.clone(), *diff_id);
    blocking(move || {
        let made = make_disk(&paths, &session, &layer, &diff_id, blob);
        drop(guard);
        made
    })
    .await?
}
