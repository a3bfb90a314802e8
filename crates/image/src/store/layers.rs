//! Making the layer disks of an image whose blobs are here.

use std::io::Read;
use std::sync::Arc;

use container_oci::{Descriptor, Digest, ImageConfig, Manifest};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::lock::{self, WorkLock};
use super::worker::blocking;
use crate::content::{Session, StorePaths, open_blob};
use crate::disk::{DiskError, LayerDisk, find_disk, make_disk};
use crate::progress::{Progress, ProgressEvent};

/// The disks of all layers, the base first; makes those that are missing, as many at once as there are processors.
///
/// Manifest and configuration have as many layers as each other.
pub(super) async fn unpack(
    paths: &StorePaths,
    session: &Arc<Session>,
    manifest: &Manifest,
    config: &ImageConfig,
    progress: &dyn Progress,
) -> Result<Vec<LayerDisk>, DiskError> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let disks = manifest
        .layers
        .iter()
        .zip(config.diff_ids())
        .map(|(layer, diff_id)| async move {
            let disk = ensure(paths, session, layer, diff_id).await?;
            progress.event(ProgressEvent::DiskReady {
                layer: layer.digest,
                diff_id: *diff_id,
            });
            Ok::<_, DiskError>(disk)
        });
    stream::iter(disks).buffered(at_once).try_collect().await
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
    blob: impl Read + Send + 'static,
) -> Result<LayerDisk, DiskError> {
    let (paths, session, layer, diff_id) = (paths.clone(), Arc::clone(session), layer.clone(), *diff_id);
    blocking(move || {
        let made = make_disk(&paths, &session, &layer, &diff_id, blob);
        drop(guard);
        made
    })
    .await?
}
