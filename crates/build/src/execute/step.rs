//! A step and the cache.

use std::io;
use std::io::Write;

use container_build_cache::{CacheKey, CachedLayer, CachedStep, Found};
use container_image::{ImageDraft, StoredLayer};
use time::OffsetDateTime;

use super::stage::{StepContext, StepKeys};
use super::{Execution, MadeSteps};
use crate::StepError;

impl Execution<'_> {
    /// The layer that the cache, or that of others, has for a key.
    pub(super) async fn cached(
        &self,
        context: &StepContext<'_>,
        key: &CacheKey,
    ) -> Result<Option<StoredLayer>, StepError> {
        if let Some(step) = self.made.find(key) {
            return Ok(Some(stored(&step)));
        }
        if context.ignores_cache {
            return Ok(None);
        }
        let known = match self.cache.find(key)? {
            Some(step) if self.draft.keep(&stored(&step))? => Some(step),
            _ => self.imported(key).await?,
        };
        let Some(step) = known else { return Ok(None) };
        let layer = stored(&step);
        self.made.add(*key, step);
        Ok(Some(layer))
    }

    /// What others have made of a step. From now on it is in the cache.
    async fn imported(&self, key: &CacheKey) -> Result<Option<CachedStep>, StepError> {
        let Some(mut step) = self.imported.step(self.draft, self.vertices, key).await else {
            return Ok(None);
        };
        step.created_unix_seconds = OffsetDateTime::now_utc().unix_timestamp();
        self.cache.store(key, step.clone())?;
        Ok(Some(step))
    }

    /// The layer of a step: from the cache, from another build that is just making it, or from `make`.
    pub(super) async fn layer_of(
        &self,
        context: &StepContext<'_>,
        keys: StepKeys,
        make: impl AsyncFnOnce() -> Result<StoredLayer, StepError>,
    ) -> Result<StoredLayer, StepError> {
        let (draft, made): (&ImageDraft, &MadeSteps) = (self.draft, &self.made);
        let (exact, ignores_cache) = (keys.exact, context.ignores_cache);
        let is_usable = async |step: &CachedStep| {
            let is_ours = made.find(&exact).is_some_and(|known| known.layer == step.layer);
            Ok::<_, StepError>(is_ours || (!ignores_cache && draft.keep(&stored(step))?))
        };
        let found = self
            .cache
            .find_or_claim(&keys.exact, is_usable, || context.vertex.waiting())
            .await?;
        let (step, claim) = match found {
            Found::Done(step) => {
                context.vertex.cached();
                (*step, None)
            }
            Found::Claimed(claim) => {
                let imported = match ignores_cache {
                    true => None,
                    false => self.imported(&keys.exact).await?,
                };
                let step = match imported {
                    Some(step) => {
                        context.vertex.cached();
                        step
                    }
                    None => done(context, make().await?),
                };
                (step, Some(claim))
            }
        };
        let layer = stored(&step);
        if claim.is_some() {
            self.cache.store(&keys.exact, step.clone())?;
        }
        if let Some(quick) = keys.quick.filter(|quick| *quick != keys.exact) {
            self.cache.store(&quick, step.clone())?;
            self.made.add(quick, step.clone());
        }
        // Before the claim is given up, so that who waits for it finds the step.
        self.made.add(keys.exact, step);
        drop(claim);
        Ok(layer)
    }

    /// Stores the layer that `write` writes on a thread where it may block. Its own errors are kept as they are.
    pub(crate) async fn store_layer(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), StepError> + Send + 'static,
    ) -> Result<StoredLayer, StepError> {
        let (tell, told) = std::sync::mpsc::channel();
        let written = self.draft.write_layer(move |output| {
            write(output).map_err(|error| {
                let _ = tell.send(error);
                io::Error::other("the layer was given up")
            })
        });
        let written = written.await;
        match (written, told.try_recv()) {
            (Ok(layer), _) => Ok(layer),
            (Err(_), Ok(error)) => Err(error),
            (Err(error), Err(_)) => Err(error.into()),
        }
    }
}

/// A step that has just been done.
fn done(context: &StepContext<'_>, layer: StoredLayer) -> CachedStep {
    CachedStep {
        layer: CachedLayer {
            descriptor: layer.descriptor,
            diff_id: layer.diff_id,
        },
        description: context.step.description.clone(),
        created_unix_seconds: OffsetDateTime::now_utc().unix_timestamp(),
    }
}

fn stored(step: &CachedStep) -> StoredLayer {
    StoredLayer {
        descriptor: step.layer.descriptor.clone(),
        diff_id: step.layer.diff_id,
    }
}
