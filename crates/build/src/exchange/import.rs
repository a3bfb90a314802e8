//! `--cache-from`: what other builds have done.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use container_build_cache::{CACHE_CONFIG, CACHE_CONFIG_LIMIT_BYTES, CacheConfig, CacheKey, CachedLayer, CachedStep};
use container_engine::ConfiguredEngine;
use container_image::{DraftError, ImageDraft, PullError, PullOptions, RemoteRepository, StoredLayer};
use container_oci::{
    CONFIG_LIMIT_BYTES, Descriptor, Document, DocumentError, ImageConfig, MANIFEST_LIMIT_BYTES, Manifest,
    MediaTypeKind as _,
};
use container_registry::Registries;

use super::CacheSource;
use super::layout::Layout;
use crate::BuildWarning;
use crate::vertex::Vertices;

/// As many manifests of an index are looked at: one for each platform of an image.
const MANIFESTS: usize = 64;

/// The steps that are to be had from elsewhere.
pub(crate) struct Imported<'a> {
    /// Each with the place of its origin.
    steps: Mutex<BTreeMap<CacheKey, (CachedStep, usize)>>,
    origins: Vec<Origin<'a>>,
}

/// Where layers come from.
enum Origin<'a> {
    Layout(Layout),
    Registry(Box<RemoteRepository<'a>>),
}

/// Why a source is not used.
#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error("there is no cache {tag:?}")]
    NoTag { tag: String },
    #[error(transparent)]
    Read(#[from] std::io::Error),
    #[error(transparent)]
    Registry(#[from] Box<PullError>),
    #[error(transparent)]
    Draft(#[from] DraftError),
    #[error("it is no cache: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is no cache: {0}")]
    Document(#[from] DocumentError),
    #[error("its manifest is too large")]
    TooLarge,
}

type Steps = BTreeMap<CacheKey, CachedStep>;

impl<'a> Imported<'a> {
    /// Reads what the sources list. One that cannot be used is told of, and left out.
    pub(crate) async fn load(
        engine: &ConfiguredEngine,
        draft: &'a ImageDraft,
        vertices: &Vertices,
        sources: &[CacheSource],
    ) -> Self {
        let (mut steps, mut origins) = (BTreeMap::new(), Vec::new());
        for source in sources {
            let name = match source {
                CacheSource::Local { directory, .. } => directory.display().to_string(),
                CacheSource::Registry { reference, .. } => reference.familiar(),
            };
            let vertex = vertices.start(format!("importing cache manifest from {name}"));
            match vertex.end(open(engine, draft, source).await) {
                Ok((origin, found)) => {
                    // The first source that has a step counts.
                    for (key, step) in found {
                        steps.entry(key).or_insert((step, origins.len()));
                    }
                    origins.push(origin);
                }
                Err(error) => vertices.warn(BuildWarning::about(format!("the cache {name} is not used: {error}"))),
            }
        }
        Self {
            steps: Mutex::new(steps),
            origins,
        }
    }

    /// What a step has made elsewhere, brought into the store. What cannot be had is told of once.
    pub(crate) async fn step(&self, draft: &ImageDraft, vertices: &Vertices, key: &CacheKey) -> Option<CachedStep> {
        let known = self
            .steps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned();
        let (step, origin) = known?;
        let fetched = match self.origins.get(origin)? {
            Origin::Layout(layout) => from_layout(draft, layout, &step.layer).await,
            Origin::Registry(remote) => {
                let fetched = remote.layer(&step.layer.descriptor, step.layer.diff_id).await;
                fetched.map_err(|error| ImportError::Registry(Box::new(error)))
            }
        };
        match fetched {
            Ok(_) => Some(step),
            Err(error) => {
                self.steps.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
                vertices.warn(BuildWarning::about(format!(
                    "a step is not taken from a cache: {error}"
                )));
                None
            }
        }
    }
}

async fn open<'a>(
    engine: &ConfiguredEngine,
    draft: &'a ImageDraft,
    source: &CacheSource,
) -> Result<(Origin<'a>, Steps), ImportError> {
    match source {
        CacheSource::Local { directory, tag, digest } => {
            let layout = Layout::at(directory);
            let found = layout.find(tag, digest.as_ref())?;
            let manifest = found.ok_or_else(|| ImportError::NoTag { tag: tag.clone() })?;
            let steps = of_layout(&layout, &manifest)?;
            Ok((Origin::Layout(layout), steps))
        }
        CacheSource::Registry { reference, scheme } => {
            let options = PullOptions {
                registries: Registries::from(engine),
                scheme: (*scheme).into(),
                ..PullOptions::default()
            };
            let remote = draft.remote(reference, &options)?;
            let steps = of_registry(&remote).await?;
            Ok((Origin::Registry(Box::new(remote)), steps))
        }
    }
}

async fn from_layout(draft: &ImageDraft, layout: &Layout, layer: &CachedLayer) -> Result<StoredLayer, ImportError> {
    let content = layout.open_blob(&layer.descriptor.digest)?;
    Ok(draft
        .add_layer(layer.descriptor.clone(), layer.diff_id, content)
        .await?)
}

fn of_layout(layout: &Layout, manifest: &Descriptor) -> Result<Steps, ImportError> {
    let bytes = layout.small_blob(&manifest.digest, MANIFEST_LIMIT_BYTES)?;
    match Document::parse(&bytes, Some(&manifest.media_type))? {
        Document::Manifest(manifest) if manifest.config.media_type.as_ref() == CACHE_CONFIG => {
            let config = layout.small_blob(&manifest.config.digest, CACHE_CONFIG_LIMIT_BYTES)?;
            Ok(CacheConfig::parse(&config)?.steps())
        }
        Document::Index(index) => {
            let listed = index
                .manifests
                .iter()
                .find(|listed| listed.media_type.as_ref() == CACHE_CONFIG);
            let Some(config) = listed else { return Ok(Steps::new()) };
            let config = layout.small_blob(&config.digest, CACHE_CONFIG_LIMIT_BYTES)?;
            Ok(CacheConfig::parse(&config)?.steps())
        }
        _ => Ok(Steps::new()),
    }
}

async fn of_registry(remote: &RemoteRepository<'_>) -> Result<Steps, ImportError> {
    let index = match remote.document().await.map_err(Box::new)?.1 {
        Document::Manifest(manifest) => return of_manifest(remote, &manifest).await,
        Document::Index(index) => index,
    };
    let mut steps = Steps::new();
    for listed in index.manifests.iter().take(MANIFESTS) {
        if listed.media_type.as_ref() == CACHE_CONFIG {
            let config = remote
                .small_blob(listed, CACHE_CONFIG_LIMIT_BYTES)
                .await
                .map_err(Box::new)?;
            steps.extend(CacheConfig::parse(&config)?.steps());
        } else if listed.media_type.is_manifest() {
            if listed.size_bytes > MANIFEST_LIMIT_BYTES {
                return Err(ImportError::TooLarge);
            }
            if let Some(Document::Manifest(manifest)) = remote.listed(listed).await.map_err(Box::new)? {
                steps.extend(of_manifest(remote, &manifest).await?);
            }
        }
    }
    Ok(steps)
}

/// The steps of a cache, or those that an image carries along.
async fn of_manifest(remote: &RemoteRepository<'_>, manifest: &Manifest) -> Result<Steps, ImportError> {
    if manifest.config.media_type.as_ref() == CACHE_CONFIG {
        let config = remote
            .small_blob(&manifest.config, CACHE_CONFIG_LIMIT_BYTES)
            .await
            .map_err(Box::new)?;
        return Ok(CacheConfig::parse(&config)?.steps());
    }
    if !manifest.config.media_type.is_config() {
        return Ok(Steps::new());
    }
    let config = ImageConfig::parse(
        &remote
            .small_blob(&manifest.config, CONFIG_LIMIT_BYTES)
            .await
            .map_err(Box::new)?,
    )?;
    let Some(inline) = config
        .build_cache
        .as_deref()
        .and_then(|text| BASE64_STANDARD.decode(text).ok())
    else {
        return Ok(Steps::new());
    };
    let pairs = manifest.layers.iter().zip(config.diff_ids());
    let layers: Vec<CachedLayer> = pairs
        .map(|(descriptor, diff_id)| CachedLayer {
            descriptor: descriptor.clone(),
            diff_id: *diff_id,
        })
        .collect();
    Ok(CacheConfig::parse_inline(&inline, &layers)?.steps())
}
