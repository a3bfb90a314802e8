//! `image load`: from an archive into the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use container_oci::{Digest, Platform};
use tokio::sync::mpsc;

use super::catalog::{self, CatalogEntry};
use super::worker::blocking;
use super::{CatalogError, ImageStore, layers};
use crate::archive::{self, ArchiveError, ArchiveImage, LoadSource, LoadedImage, Members};
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

impl ImageStore {
    /// Loads every image of the archive, makes the layer disks of those for `platform`, and gives them their names
    /// (see [`crate::archive`] for which).
    ///
    /// # Errors
    /// [`LoadError`]; names then point at what they did before.
    pub async fn load(
        &self,
        source: LoadSource,
        platform: &Platform,
        progress: &dyn Progress,
    ) -> Result<Vec<LoadedImage>, LoadError> {
        sweep(&self.paths)?;
        let session = Arc::new(Session::start(&self.paths)?);
        let images = self.read_archive(&session, source, progress).await?;

        for image in &images {
            for (_, manifest, config) in &image.variants {
                if platform.is_same_machine(&config.platform) {
                    layers::unpack(&self.paths, &session, manifest, config, progress).await?;
                }
            }
        }
        catalog::update(&self.paths, |catalog| {
            for image in &images {
                catalog
                    .images
                    .insert(image.reference.clone(), CatalogEntry::new(image.descriptor.clone()));
            }
            Ok(())
        })?;
        let loaded = |image: ArchiveImage| {
            let ArchiveImage {
                reference, descriptor, ..
            } = image;
            progress.event(ProgressEvent::ImageReady {
                reference: reference.clone(),
                digest: descriptor.digest,
            });
            LoadedImage { reference, descriptor }
        };
        Ok(images.into_iter().map(loaded).collect())
    }

    /// Reads the archive on a blocking thread and stores its blobs.
    async fn read_archive(
        &self,
        session: &Arc<Session>,
        source: LoadSource,
        progress: &dyn Progress,
    ) -> Result<Vec<ArchiveImage>, LoadError> {
        let (reports, mut arrived) = mpsc::channel(REPORT_QUEUE);
        let (paths, session) = (self.paths.clone(), Arc::clone(session));
        let reader = blocking(move || {
            let mut on_bytes = |read_bytes| {
                let _ = reports.try_send(read_bytes);
            };
            let (members, images) = archive::read(&session, source, &mut on_bytes)?;
            store_blobs(&paths, &session, members, &images)?;
            Ok::<_, LoadError>(images)
        });
        let reporter = async {
            while let Some(read_bytes) = arrived.recv().await {
                progress.event(ProgressEvent::ArchiveBytes { read_bytes });
            }
        };
        let (images, ()) = tokio::join!(reader, reporter);
        images?
    }
}

/// Gives the blobs of the images their names; what else was in the archive goes with the session.
fn store_blobs(
    paths: &StorePaths,
    session: &Session,
    mut members: Members,
    images: &[ArchiveImage],
) -> Result<(), ContentError> {
    let mut wanted = BTreeSet::new();
    for image in images {
        for (descriptor, manifest, _) in &image.variants {
            wanted.extend(manifest.layers.iter().map(|layer| layer.digest));
            wanted.extend([descriptor.digest, manifest.config.digest]);
        }
    }
    // An index comes after what it names, so that an interruption leaves no name without its content.
    session.pin(wanted.iter().copied())?;
    let tops: BTreeSet<Digest> = images.iter().map(|image| image.descriptor.digest).collect();
    for digest in wanted.iter().chain(tops.difference(&wanted)) {
        if session.has_blob(digest)? {
            continue;
        }
        members
            .take(digest)
            .ok_or(ContentError::MissingBlob { digest: *digest })?
            .commit(paths)?;
    }
    Ok(())
}
