//! `image load`: from an archive into the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use container_oci::Platform;
use futures_util::{TryStreamExt as _, stream};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::worker::blocking;
use super::{CatalogError, ImageStore, catalog, layers};
use crate::archive::{self, ArchiveError, ArchiveImage, LoadSource, LoadedImage, Members, ReadEvent, Reading};
use crate::content::{ContentError, Session, StorePaths, sweep};
use crate::disk::DiskError;
use crate::progress::{Progress, ProgressEvent};

/// Reports of bytes read that may wait to be passed on; further ones are dropped, as the next says more.
const REPORT_QUEUE: usize = 16;

/// Why an archive could not be loaded. No image of it has got its name then.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The archive.
    #[error("cannot load: {0}")]
    Archive(#[from] ArchiveError),
    /// A file of the store.
    #[error("cannot load: {0}")]
    Content(#[from] ContentError),
    /// A layer's disk.
    #[error("cannot load: {0}")]
    Disk(#[from] DiskError),
    /// The names.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// How to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOptions {
    /// Layer disks are made for images that run on this machine; those of others are made when they are needed.
    pub machine: Platform,
    /// Leaves out members whose names are unsafe, and tells of them, instead of refusing the archive.
    pub skips_unsafe_members: bool,
    /// Gives no image a name of the archive's: all are stored as images without a name are.
    pub drops_names: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            machine: Platform::host(),
            skips_unsafe_members: false,
            drops_names: false,
        }
    }
}

impl ImageStore {
    /// Loads every image of the archive, makes layer disks, and gives the images their names (see [`crate::archive`] for
    /// which). An index is kept whole, as far as the archive has it.
    ///
    /// # Errors
    /// [`LoadError`]; names then point at what they did before.
    pub async fn load(
        &self,
        source: LoadSource,
        options: &LoadOptions,
        progress: &dyn Progress,
    ) -> Result<Vec<LoadedImage>, LoadError> {
        sweep(&self.paths)?;
        let session = Arc::new(Session::start(&self.paths)?);
        let mut images = self.read_archive(&session, source, options, progress).await?;
        if options.drops_names {
            images.iter_mut().try_for_each(ArchiveImage::drop_name)?;
        }
        self.make_disks(&session, &images, progress).await?;
        catalog::update(&self.paths, |catalog| {
            for image in &images {
                catalog.give_name(&image.reference, image.descriptor.clone())?;
            }
            Ok(())
        })?;
        let loaded = |image: ArchiveImage| {
            progress.event(ProgressEvent::ImageReady {
                reference: image.reference.clone(),
                digest: image.descriptor.digest,
            });
            LoadedImage {
                reference: image.reference,
                descriptor: image.descriptor,
                platforms: image.platforms,
            }
        };
        Ok(images.into_iter().map(loaded).collect())
    }

    /// Makes the disks of all images, each once and as many at a time as there are processors.
    async fn make_disks(
        &self,
        session: &Arc<Session>,
        images: &[ArchiveImage],
        progress: &dyn Progress,
    ) -> Result<(), DiskError> {
        let mut seen = BTreeSet::new();
        let layers = images.iter().flat_map(|image| &image.layers);
        let once = layers.filter(|(_, diff_id)| seen.insert(*diff_id));
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        stream::iter(once.map(Ok::<_, DiskError>))
            .try_for_each_concurrent(at_once, async |(layer, diff_id)| {
                layers::ensure(&self.paths, session, layer, diff_id).await?;
                progress.event(ProgressEvent::DiskReady {
                    layer: layer.digest,
                    diff_id: *diff_id,
                });
                Ok(())
            })
            .await
    }

    /// Reads the archive on a blocking thread and stores its blobs. The thread ends when the caller stops waiting for it.
    async fn read_archive(
        &self,
        session: &Arc<Session>,
        source: LoadSource,
        options: &LoadOptions,
        progress: &dyn Progress,
    ) -> Result<Vec<ArchiveImage>, LoadError> {
        let (reports, mut arrived) = mpsc::channel(REPORT_QUEUE);
        let (paths, session, options) = (self.paths.clone(), Arc::clone(session), options.clone());
        let reader = blocking(move || {
            let mut on_event = |event| match event {
                ReadEvent::Bytes(_) => !matches!(reports.try_send(event), Err(TrySendError::Closed(_))),
                ReadEvent::Skipped(_) => reports.blocking_send(event).is_ok(),
            };
            let reading = Reading {
                session: &session,
                skips_unsafe: options.skips_unsafe_members,
                on_event: &mut on_event,
            };
            let (members, images) = archive::read(reading, source, &options.machine)?;
            store_blobs(&paths, &session, members, &images)?;
            Ok::<_, LoadError>(images)
        });
        let reporter = async {
            while let Some(event) = arrived.recv().await {
                progress.event(match event {
                    ReadEvent::Bytes(read_bytes) => ProgressEvent::ArchiveBytes { read_bytes },
                    ReadEvent::Skipped(name) => ProgressEvent::MemberSkipped { name },
                });
            }
        };
        let (images, ()) = tokio::join!(reader, reporter);
        images?
    }
}

/// Gives the blobs of the images their names, children before parents, so that an interruption leaves no name without its
/// content; what else was in the archive goes with the session.
fn store_blobs(
    paths: &StorePaths,
    session: &Session,
    mut members: Members,
    images: &[ArchiveImage],
) -> Result<(), ContentError> {
    session.pin(images.iter().flat_map(|image| image.parts.iter().copied()))?;
    let mut stored = BTreeSet::new();
    for digest in images.iter().flat_map(|image| &image.parts) {
        if !stored.insert(*digest) || session.has_blob(digest)? {
            continue;
        }
        members
            .take(digest)
            .ok_or(ContentError::MissingBlob { digest: *digest })?
            .commit(paths)?;
    }
    Ok(())
}
