//! Making the layer disks of an image whose blobs are here.

use std::sync::Arc;

use container_model::Layer;
use container_oci::{Descriptor, Digest, ImageConfig, Manifest};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::lock::{self, WorkLock};
use super::worker::blocking;
use crate::content::{Restart, Session, StorePaths, open_blob};
use crate::disk::{
    Arrangement, DiskError, LayerDisk, Missing, arrange, chain_id, find_disk, make_cover, make_disk, make_merged_disk,
    missing_below,
};
use crate::progress::{Progress, ProgressEvent};

/// The disks of an image, `max_disks` at most and the base first; makes those that are missing, layers as many at once as there are processors.
///
/// Manifest and configuration have as many layers as each other.
pub(super) async fn unpack(
    paths: &StorePaths,
    session: &Arc<Session>,
    manifest: &Manifest,
    config: &ImageConfig,
    max_disks: usize,
    progress: &dyn Progress,
) -> Result<Vec<LayerDisk>, DiskError> {
    let diff_ids = config.diff_ids().iter().copied();
    let layers: Vec<(Descriptor, Digest)> = manifest.layers.iter().cloned().zip(diff_ids).collect();
    unpack_stack(paths, session, &layers, max_disks, progress).await
}

/// As [`unpack`], for layers that need not be an image's.
pub(super) async fn unpack_stack(
    paths: &StorePaths,
    session: &Arc<Session>,
    layers: &[(Descriptor, Digest)],
    max_disks: usize,
    progress: &dyn Progress,
) -> Result<Vec<LayerDisk>, DiskError> {
    let diff_ids: Vec<Digest> = layers.iter().map(|(_, diff_id)| *diff_id).collect();
    loop {
        match arrange(paths, &diff_ids, max_disks, &mut Vec::new())? {
            Arrangement::Ready(disks) => return Ok(disks),
            Arrangement::Missing(Missing::Layers(from)) => {
                ensure_all(paths, session, &layers[from..], progress).await?;
            }
            Arrangement::Missing(Missing::Merged(lowest)) => {
                let disks = ensure_all(paths, session, &layers[..lowest], progress).await?;
                ensure_merged(paths, session, disks).await?;
            }
            Arrangement::Missing(Missing::Cover { id, merged, disks }) => {
                ensure_other(paths, session, Layer::Cover { cover_id: id }, move |paths, session| {
                    make_cover(paths, session, &id, merged, &disks)
                })
                .await?;
            }
            Arrangement::Missing(Missing::Below(base)) => {
                let session = Arc::clone(session);
                return Err(blocking(move || missing_below(&session, &base)).await??);
            }
        }
    }
}

/// The disks of these layers.
async fn ensure_all(
    paths: &StorePaths,
    session: &Arc<Session>,
    layers: &[(Descriptor, Digest)],
    progress: &dyn Progress,
) -> Result<Vec<LayerDisk>, DiskError> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let disks = layers.iter().map(|(layer, diff_id)| async move {
        let disk = ensure(paths, session, layer, diff_id).await?;
        progress.event(ProgressEvent::DiskReady {
            layer: layer.digest,
            diff_id: *diff_id,
        });
        Ok::<_, DiskError>(disk)
    });
    stream::iter(disks).buffered(at_once).try_collect().await
}

/// The one disk of several layers; makes it from theirs unless it is there.
async fn ensure_merged(paths: &StorePaths, session: &Arc<Session>, layers: Vec<LayerDisk>) -> Result<(), DiskError> {
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| *layer.id()).collect();
    let Some(chain_id) = chain_id(&diff_ids) else {
        return Ok(());
    };
    ensure_other(paths, session, Layer::Merged { chain_id }, move |paths, session| {
        make_merged_disk(paths, session, &chain_id, &layers)
    })
    .await
}

/// Makes a disk that is made from other disks, on a blocking thread, unless it is there.
async fn ensure_other(
    paths: &StorePaths,
    session: &Arc<Session>,
    layer: Layer,
    make: impl FnOnce(&StorePaths, &Session) -> Result<LayerDisk, DiskError> + Send + 'static,
) -> Result<(), DiskError> {
    let guard = match claim(paths, session, layer).await? {
        Claim::Made(_) => return Ok(()),
        Claim::Ours(guard) => guard,
    };
    let (paths, session) = (paths.clone(), Arc::clone(session));
    let made = blocking(move || {
        let made = make(&paths, &session);
        drop(guard);
        made
    });
    made.await??;
    Ok(())
}

/// The layer's disk; makes it from its blob unless it is there. A second caller waits until the first has made it.
pub(super) async fn ensure(
    paths: &StorePaths,
    session: &Arc<Session>,
    layer: &Descriptor,
    diff_id: &Digest,
) -> Result<LayerDisk, DiskError> {
    match claim(paths, session, Layer::Single { diff_id: *diff_id }).await? {
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
pub(super) async fn claim(paths: &StorePaths, session: &Session, layer: Layer) -> Result<Claim, DiskError> {
    session.pin([*layer.disk_id()])?;
    if let Some(disk) = find_disk(paths, layer)? {
        return Ok(Claim::Made(disk));
    }
    let guard = lock::exclusive(&paths.disk_lock(layer.disk_id()), || {}).await?;
    Ok(match find_disk(paths, layer)? {
        Some(disk) => Claim::Made(disk),
        None => Claim::Ours(guard),
    })
}

/// Makes the disk on a blocking thread. The thread owns the lock, so the lock is held even when the caller stops waiting.
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
