//! `--cache-from`: what other builds have done.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use container_build_cache::{CACHE_CONFIG, CACHE_CONFIG_LIMIT_BYTES, CacheConfig, CacheKey, CachedLayer, CachedStep};
use container_engine::ConfiguredEngine;
use container_image::{ImageDraft, PullOptions};
use container_oci::{CONFIG_LIMIT_BYTES, Descriptor, Document, ImageConfig, Manifest, MediaTypeKind as _};
use container_registry::Registries;

use super::CacheSource;
use super::layout::Layout;
use super::origin::{ImportError, Origin};
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
        let fetched = self.origins.get(origin)?.fetch(draft, &step.layer).await;
        match fetched {
            Ok(()) => Some(step),
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
            let origin = Origin::Layout(layout);
            let document = origin.document(&manifest).await?;
            let steps = steps_of(&origin, document).await?;
            Ok((origin, steps))
        }
        CacheSource::Registry { reference, scheme } => {
            let options = PullOptions {
                registries: Registries::from(engine),
                scheme: (*scheme).into(),
                ..PullOptions::default()
            };
            let remote = draft.remote(reference, &options)?;
            let (_, document) = remote.document().await.map_err(Box::new)?;
            let origin = Origin::Registry(Box::new(remote));
            let steps = steps_of(&origin, Some(document)).await?;
            Ok((origin, steps))
        }
    }
}

/// The steps of a cache or of an image, or of all that an index lists. Other documents have none.
async fn steps_of(origin: &Origin<'_>, document: Option<Document>) -> Result<Steps, ImportError> {
    let index = match document {
        Some(Document::Index(index)) => index,
        Some(Document::Manifest(manifest)) => return of_manifest(origin, &manifest).await,
        None => return Ok(Steps::new()),
    };
    let mut steps = Steps::new();
    for listed in index.manifests.iter().take(MANIFESTS) {
        if listed.media_type.as_ref() == CACHE_CONFIG {
            steps.extend(of_config(origin, listed).await?);
        } else if listed.media_type.is_manifest()
            && let Some(Document::Manifest(manifest)) = origin.document(listed).await?
        {
            steps.extend(of_manifest(origin, &manifest).await?);
        }
    }
    Ok(steps)
}

/// The steps of a cache, or those that an image carries along.
async fn of_manifest(origin: &Origin<'_>, manifest: &Manifest) -> Result<Steps, ImportError> {
    if manifest.config.media_type.as_ref() == CACHE_CONFIG {
        return of_config(origin, &manifest.config).await;
    }
    if !manifest.config.media_type.is_config() {
        return Ok(Steps::new());
    }
    let config = ImageConfig::parse(&origin.small_blob(&manifest.config, CONFIG_LIMIT_BYTES).await?)?;
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

async fn of_config(origin: &Origin<'_>, config: &Descriptor) -> Result<Steps, ImportError> {
    let config = origin.small_blob(config, CACHE_CONFIG_LIMIT_BYTES).await?;
    Ok(CacheConfig::parse(&config)?.steps())
}
