//! `image pull`: from a registry into the store.
//!
//! A layer is hashed, stored and unpacked onto its disk while it arrives; several layers do so at once. The name is given
//! last, when everything that it needs is here.

mod artifact;
mod blob;
mod documents;
mod download;
mod plan;
mod source;

use std::sync::Arc;

use container_oci::{Descriptor, Digest, Platform, Reference};
use futures_util::{TryStreamExt as _, stream};

pub use self::artifact::RemoteRepository;
use self::source::Source;
use super::{CatalogError, ImageStore, Lease, PlatformChoice, catalog};
use crate::content::{ContentError, Session, sweep};
use crate::disk::DiskError;
use crate::progress::{Progress, ProgressEvent};
use container_registry::{Access, Registries, RegistryError, Scheme};

/// How to pull.
#[derive(Debug, Clone)]
pub struct PullOptions {
    /// The way to the registries.
    pub registries: Registries,
    /// http or https.
    pub scheme: Scheme,
    /// Layers that are fetched at once; at least 1.
    pub max_concurrent_downloads: usize,
    /// Which images of an index are fetched. With [`PlatformChoice::All`] that is everything it lists, attestations included;
    /// layer disks are made for this machine's image only, the others' when they are needed.
    pub platforms: PlatformChoice,
}

impl Default for PullOptions {
    fn default() -> Self {
        Self {
            registries: Registries::anonymous(),
            scheme: Scheme::Auto,
            max_concurrent_downloads: 3,
            platforms: PlatformChoice::Default,
        }
    }
}

/// What has been pulled.
#[derive(Debug, Clone)]
pub struct PulledImage {
    /// The name.
    pub reference: Reference,
    /// What the name points at: an index or a manifest.
    pub descriptor: Descriptor,
    /// The manifest for the platform; `None` when the index was asked for whole and has none for this machine.
    pub manifest_descriptor: Option<Descriptor>,
    /// Keeps the image from being collected until it is dropped.
    pub lease: Lease,
}

/// Why an image could not be pulled.
#[derive(Debug, thiserror::Error)]
#[error("cannot pull {:?}: {source}", reference.familiar())]
pub struct PullError {
    /// The image.
    pub reference: Reference,
    /// What went wrong.
    pub source: PullFailure,
}

/// What went wrong in a pull.
#[derive(Debug, thiserror::Error)]
pub enum PullFailure {
    /// The registry, or the way to it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A file of the store.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// A layer's disk.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The names.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The image is not made for the platform.
    #[error("it is not made for {platform}, only for: {available} (choose one with --platform)")]
    Platform {
        /// Platform asked for.
        platform: Platform,
        /// Platforms in the index, with commas between.
        available: String,
    },
    /// There is no end to the indexes within indexes, or to what they list.
    #[error("its index lists more than any image has, or indexes within indexes without end; {digest} is too much")]
    EndlessIndex {
        /// The first index or entry that was not read.
        digest: Digest,
    },
    /// Manifest and configuration disagree about the number of layers.
    #[error("the image is damaged: {layers} layers, but {diff_ids} diff ids")]
    LayerCount {
        /// Layers in the manifest.
        layers: usize,
        /// Diff ids in the configuration.
        diff_ids: usize,
    },
}

impl ImageStore {
    /// Fetches what `options` say of the image behind `reference`, makes its layer disks and gives it its name.
    ///
    /// What is here already is not fetched again; what another process is fetching is waited for. Dropping the future ends
    /// the pull; complete blobs and disks stay.
    ///
    /// # Errors
    /// [`PullError`]; the store is then as valid as before, and the name points at what it did.
    pub async fn pull(
        &self,
        reference: &Reference,
        options: &PullOptions,
        progress: &dyn Progress,
    ) -> Result<PulledImage, PullError> {
        let failed = |source| PullError {
            reference: reference.clone(),
            source,
        };
        self.fetch(reference, options, progress).await.map_err(failed)
    }

    async fn fetch(
        &self,
        reference: &Reference,
        options: &PullOptions,
        progress: &dyn Progress,
    ) -> Result<PulledImage, PullFailure> {
        sweep(&self.paths)?;
        let session = Arc::new(Session::start(&self.paths)?);
        let client = options.registries.client(reference, options.scheme, Access::Pull)?;
        let source = Source {
            paths: &self.paths,
            session: &session,
            client: &client,
            progress,
        };
        progress.event(ProgressEvent::Resolving {
            reference: reference.clone(),
        });

        let at_once = options.max_concurrent_downloads.max(1);
        let plan = plan::make(&source, reference, &options.platforms, at_once).await?;
        for blob in plan.layers.iter().map(|(layer, _)| layer).chain(&plan.others) {
            progress.event(ProgressEvent::Layer {
                digest: blob.digest,
                size_bytes: blob.size_bytes,
            });
        }
        let layers = plan.layers.into_iter().map(|(layer, diff_id)| (layer, Some(diff_id)));
        let others = plan.others.into_iter().map(|blob| (blob, None));
        stream::iter(layers.chain(others).map(Ok::<_, PullFailure>))
            .try_for_each_concurrent(at_once, async |(blob, diff_id)| match diff_id {
                Some(diff_id) => blob::fetch_layer(&source, blob, diff_id).await,
                None => {
                    let digest = blob.digest;
                    blob::fetch_kept(&source, blob).await?;
                    progress.event(ProgressEvent::LayerKept { digest });
                    Ok(())
                }
            })
            .await?;

        let descriptor = plan.descriptor;
        catalog::update(&self.paths, |catalog| catalog.give_name(reference, descriptor.clone()))?;
        progress.event(ProgressEvent::ImageReady {
            reference: reference.clone(),
            digest: descriptor.digest,
        });
        Ok(PulledImage {
            reference: reference.clone(),
            descriptor,
            manifest_descriptor: plan.manifest_descriptor,
            lease: Lease::new(session),
        })
    }
}
