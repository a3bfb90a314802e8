//! From a name to everything that a container needs of the image.

use std::sync::Arc;

use container_oci::{Descriptor, ImageConfig, Manifest, Platform, Reference};

use super::choose::choose;
use super::{ImageStore, Lease, ResolveError, layers};
use crate::content::{OpenGate, Session, StorePaths};
use crate::disk::{Arrangement, LayerDisk, arrange};

/// An image that is ready to run.
#[derive(Debug, Clone)]
pub struct ResolvedImage {
    /// The name that was asked for.
    pub reference: Reference,
    /// What the name points at: an index or a manifest.
    pub descriptor: Descriptor,
    /// The manifest for the platform.
    pub manifest_descriptor: Descriptor,
    /// Its content.
    pub manifest: Manifest,
    /// The image configuration, with a platform that is complete even where the document leaves it open.
    pub config: ImageConfig,
    /// The layers' disks, the base first.
    pub layers: Vec<LayerDisk>,
    /// Keeps the disks until the caller has written a container's record that names them.
    pub lease: Lease,
}

impl ImageStore {
    /// Everything about the image behind `reference` for `platform`; makes the layer disks that are missing. Of an image with more layers than `max_disks` the
    /// lowest ones are merged into one disk, so that the image needs no more disks than that.
    ///
    /// Quick when nothing is missing: it then reads four small files and one per layer, writes the lease, and hashes nothing.
    ///
    /// # Errors
    /// [`ResolveError`].
    pub async fn resolve(
        &self,
        reference: &Reference,
        platform: &Platform,
        max_disks: usize,
    ) -> Result<ResolvedImage, ResolveError> {
        let disk_error = |source| ResolveError::Disk {
            reference: reference.clone(),
            source: Box::new(source),
        };
        let session = Session::start(&self.paths).map_err(|error| disk_error(error.into()))?;
        let session = Arc::new(session);
        let (image, found) = documents(&self.paths, &session, reference, platform, max_disks)?;
        let layers = match found {
            Arrangement::Ready(layers) => layers,
            Arrangement::Missing(_) => layers::unpack(
                &self.paths,
                &session,
                &image.manifest,
                &image.config,
                max_disks,
                &crate::NoProgress,
            )
            .await
            .map_err(disk_error)?,
        };
        Ok(ResolvedImage { layers, ..image })
    }
}

/// The image without its layers, and the layers' disks as far as they are there; all of it pinned.
///
/// Runs on the caller's thread: a handful of small reads is quicker than a thread hop.
fn documents(
    paths: &StorePaths,
    session: &Arc<Session>,
    reference: &Reference,
    platform: &Platform,
    max_disks: usize,
) -> Result<(ResolvedImage, Arrangement), ResolveError> {
    let content = |source| ResolveError::Content {
        reference: reference.clone(),
        source: Box::new(source),
    };
    let gate = OpenGate::hold(paths).map_err(content)?;
    let image = choose(paths, reference, platform)?;
    if !image.tells_platform {
        let name = reference.familiar();
        tracing::warn!(
            "image {name:?} does not say what it runs on; it is taken to be for {}",
            image.config.platform
        );
    }
    let (manifest, config) = (image.manifest, image.config);
    let (layers, diff_ids) = (manifest.layers.len(), config.diff_ids().len());
    if layers != diff_ids {
        return Err(ResolveError::LayerCount {
            reference: reference.clone(),
            layers,
            diff_ids,
        });
    }
    let mut ids = Vec::new();
    let disks = arrange(paths, config.diff_ids(), max_disks, &mut ids);
    let disks = disks.map_err(|source| ResolveError::Disk {
        reference: reference.clone(),
        source: Box::new(source),
    })?;
    let blobs = manifest
        .layers
        .iter()
        .chain([&image.descriptor, &image.manifest_descriptor, &manifest.config]);
    let digests = blobs.map(|blob| blob.digest).chain(ids);
    session.pin_found(&gate, digests).map_err(content)?;
    let image = ResolvedImage {
        reference: reference.clone(),
        descriptor: image.descriptor,
        manifest_descriptor: image.manifest_descriptor,
        manifest,
        config,
        layers: Vec::new(),
        lease: Lease::new(Arc::clone(session)),
    };
    Ok((image, disks))
}
