//! Images that a build starts from or copies from: found in the store, else pulled.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use container_engine::{ConfiguredEngine, ImageEvent, ImageProgress, PlatformChoice, PullOptions, PullRequest};
use container_image::{CatalogError, DraftBase, ImageDraft, ResolveError};
use container_oci::Digest;

use super::{Execution, StageRoot};
use crate::BuildError;
use crate::layouts::Layouts;
use crate::plan::{ImageName, ImageRequest, PlannedStage};
use crate::vertex::Vertices;

/// The images of a build. Each is looked for once.
pub(crate) struct Bases<'a> {
    engine: &'a ConfiguredEngine,
    draft: &'a ImageDraft,
    vertices: &'a Vertices,
    pulls: bool,
    layouts: Layouts<'a>,
    found: Mutex<BTreeMap<ImageRequest, Arc<DraftBase>>>,
}

impl<'a> Bases<'a> {
    pub(crate) fn new(
        engine: &'a ConfiguredEngine,
        draft: &'a ImageDraft,
        vertices: &'a Vertices,
        (pulls, layouts): (bool, Layouts<'a>),
    ) -> Self {
        Self {
            engine,
            draft,
            vertices,
            pulls,
            layouts,
            found: Mutex::default(),
        }
    }

    /// Finds an image. It is pulled if it is not here for the platform, or if that was asked for.
    pub(crate) async fn find(&self, request: &ImageRequest) -> Result<Arc<DraftBase>, BuildError> {
        let known = self
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(request)
            .cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let vertex = self
            .vertices
            .start(format!("[internal] load metadata for {}", request.name));
        let found = vertex.end(self.look(request).await)?;
        let found = Arc::new(found);
        self.found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(request.clone(), Arc::clone(&found));
        Ok(found)
    }

    /// The images that were found, with the digests of what their names mean.
    pub(crate) fn found(&self) -> Vec<(ImageRequest, Digest)> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let found = found.iter();
        found
            .map(|(request, base)| (request.clone(), base.named_digest))
            .collect()
    }

    async fn look(&self, request: &ImageRequest) -> Result<DraftBase, BuildError> {
        let reference = match &request.name {
            ImageName::Reference(reference) => reference,
            ImageName::Layout(context) => {
                let image = self.layouts.image(context).await?;
                return Ok(self.draft.base(&image, &request.platform)?);
            }
        };
        let here = || self.draft.base(reference, &request.platform);
        if !self.pulls {
            match here() {
                Err(
                    ResolveError::Catalog(CatalogError::NotFound { .. })
                    | ResolveError::PlatformNotHere { .. }
                    | ResolveError::Platform { .. },
                ) => {}
                found => return Ok(found?),
            }
        }
        let pull = PullRequest {
            image: reference.clone(),
            platforms: PlatformChoice::Only(request.platform.clone()),
            options: PullOptions::default(),
        };
        let pulled = self.engine.pull_image(pull, &Silent).await;
        pulled.map_err(|source| BuildError::Pull {
            image: reference.familiar(),
            source: Box::new(source),
        })?;
        Ok(here()?)
    }
}

impl Execution<'_> {
    /// The layers of the image that a stage starts from.
    pub(super) async fn base(&self, stage: &PlannedStage, request: &ImageRequest) -> Result<StageRoot, BuildError> {
        let name = stage
            .base_label
            .as_ref()
            .map_or_else(|| request.name.to_string(), ToString::to_string);
        let vertex = self.vertices.start(name);
        let found = self.bases.find(request).await;
        if found.is_ok() {
            vertex.cached();
        }
        let found = vertex.end(found)?;
        Ok(StageRoot {
            layers: found.layers.clone(),
            image: Some(found.manifest_digest),
        })
    }
}

struct Silent;

impl ImageProgress for Silent {
    fn event(&self, _: ImageEvent) {}
}
