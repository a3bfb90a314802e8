//! `--cache-to`: what this build has done, for others.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use container_build_cache::{CACHE_CONFIG, CacheConfig, CacheKey, CachedStep};
use container_engine::ConfiguredEngine;
use container_image::{ContentError, DraftError, ImageDraft, PushError, PushOptions, StoredLayer};
use container_oci::{Descriptor, Digest, Manifest, MediaType, media_type};
use container_registry::Registries;

use super::layout::Layout;
use super::{CacheDestination, CacheMode, CachePlace, CacheTarget};
use crate::BuildWarning;
use crate::vertex::Vertices;

/// A cache for others could not be written. The image, and all else, is there.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the cache {name}: {source}")]
pub struct CacheExportError {
    /// Where to.
    pub name: String,
    /// Why.
    pub source: ExportError,
}

/// Why a cache could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The store.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// A layer in the store.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The directory.
    #[error(transparent)]
    Write(#[from] io::Error),
    /// The registry.
    #[error(transparent)]
    Push(Box<PushError>),
}

/// What a build has done, and what of it is in its images.
pub(crate) struct Exported<'a> {
    /// All steps.
    pub(crate) steps: &'a BTreeMap<CacheKey, CachedStep>,
    /// Digests of the tars of the images' layers.
    pub(crate) diff_ids: &'a BTreeSet<Digest>,
}

impl Exported<'_> {
    fn of_mode(&self, mode: CacheMode) -> BTreeMap<CacheKey, CachedStep> {
        let steps = self.steps.iter().filter(|(_, step)| match mode {
            CacheMode::Max => true,
            CacheMode::Min => self.diff_ids.contains(&step.layer.diff_id),
        });
        steps.map(|(key, step)| (*key, step.clone())).collect()
    }
}

/// Writes the steps to all targets that are no images.
pub(crate) async fn export(
    engine: &ConfiguredEngine,
    draft: &ImageDraft,
    vertices: &Vertices,
    targets: &[CacheTarget],
    exported: &Exported<'_>,
) -> Result<(), CacheExportError> {
    for target in targets {
        let CachePlace::Apart(destination) = &target.place else {
            continue;
        };
        let name = destination.to_string();
        let vertex = vertices.start(format!("exporting cache to {name}"));
        let steps = exported.of_mode(target.mode);
        match vertex.end(write(engine, draft, destination, &steps).await) {
            Ok(()) => {}
            Err(error) if target.ignores_errors => {
                vertices.warn(BuildWarning::about(format!("the cache {name} is not written: {error}")))
            }
            Err(source) => return Err(CacheExportError { name, source }),
        }
    }
    Ok(())
}

async fn write(
    engine: &ConfiguredEngine,
    draft: &ImageDraft,
    destination: &CacheDestination,
    steps: &BTreeMap<CacheKey, CachedStep>,
) -> Result<(), ExportError> {
    let document = CacheConfig::new(steps);
    let config = draft.store_document(CACHE_CONFIG, &document)?;
    let layers = document.layers();
    let mut manifest = Manifest::new(config.clone(), layers.clone());
    manifest.media_type = Some(MediaType::from(media_type::OCI_MANIFEST));
    let manifest = draft.store_document(media_type::OCI_MANIFEST, &manifest)?;
    let blobs: Vec<Descriptor> = layers.into_iter().chain([config]).collect();
    match destination {
        CacheDestination::Local { directory, tag } => {
            let (draft, layout, tag) = (draft.clone(), Layout::at(directory), tag.clone());
            let written = tokio::task::spawn_blocking(move || {
                for blob in blobs.iter().chain([&manifest]) {
                    layout.add_blob(blob, draft.open_blob(&blob.digest)?)?;
                }
                layout.tag(manifest, &tag)?;
                Ok::<_, ExportError>(())
            });
            written.await.map_err(io::Error::other)?
        }
        CacheDestination::Registry { reference, scheme } => {
            let options = PushOptions {
                registries: Registries::from(engine),
                scheme: (*scheme).into(),
                ..PushOptions::default()
            };
            let pushed = draft.push(reference, (&manifest, blobs), &options).await;
            pushed.map_err(|error| ExportError::Push(Box::new(error)))
        }
    }
}

/// The steps that made these layers, as an image carries them along.
pub(crate) fn inline(
    steps: &BTreeMap<CacheKey, CachedStep>,
    layers: &[StoredLayer],
) -> Result<String, serde_json::Error> {
    let digests: Vec<Digest> = layers.iter().map(|layer| layer.descriptor.digest).collect();
    Ok(BASE64_STANDARD.encode(serde_json::to_vec(&CacheConfig::inline(steps, &digests))?))
}
