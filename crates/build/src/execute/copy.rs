//! `COPY`, `ADD` and `WORKDIR`: layers that the host writes.

use std::sync::Arc;

use container_image::StoredLayer;
use container_oci::Digest;

use super::fetched::Fetched;
use super::key::{self, SourceKey};
use super::stage::{StepContext, StepKeys};
use super::view::{RootDisks, blocking};
use super::{Execution, StageRoot};
use crate::StepError;
use crate::files::{
    Dress, FilesError, LayerWriter, Owner, RootSelection, copy_context, copy_document, copy_root, digest_root,
    find_owner,
};
use crate::plan::{CopySource, CopyStep, FileOrigin, OwnerName, WorkdirStep};

/// The mode of a file that a heredoc is the content of.
const DOCUMENT_MODE: u16 = 0o644;

/// Where the files of a copy are.
#[derive(Clone)]
enum Files {
    Nowhere,
    /// Those of a context, with the digest by which the step counts.
    Context(Digest),
    Root(RootDisks),
}

impl Execution<'_> {
    pub(super) async fn copy(&self, context: &StepContext<'_>, step: &CopyStep) -> Result<StoredLayer, StepError> {
        let fetched = self.fetched_keys(step).await?;
        let below = context.below.diff_ids();
        let owner = match &step.owner {
            Some(name) => Some(self.owner(context.below, name).await?),
            None => None,
        };
        let key_of = |files: &SourceKey| key::of_copy(step, &below, files, &fetched, owner, self.epoch.seconds());
        let (files, keys) = match &step.origin {
            _ if !has_paths(step) => (Files::Nowhere, StepKeys::exact(key_of(&SourceKey::None)?)),
            FileOrigin::Scratch => (Files::Nowhere, StepKeys::exact(key_of(&SourceKey::None)?)),
            origin @ (FileOrigin::Context | FileOrigin::NamedContext(_)) => {
                let digest = self.context_digest(origin.clone(), step).await?;
                let keys = StepKeys::exact(key_of(&SourceKey::Content(digest))?);
                (Files::Context(digest), keys)
            }
            origin => {
                let source = self.root_of(context, origin).await?;
                let quick = key_of(&SourceKey::Layers(source.diff_ids()))?;
                if let Some(layer) = self.cached(context, &quick).await? {
                    context.vertex.cached();
                    return Ok(layer);
                }
                let disks = self.disks(&source).await?;
                let digest = root_digest(disks.clone(), step.clone()).await?;
                let exact = key_of(&SourceKey::Content(digest))?;
                let keys = StepKeys {
                    quick: Some(quick),
                    exact,
                };
                (Files::Root(disks), keys)
            }
        };
        self.layer_of(context, keys, async || {
            let below = match step.is_linked {
                true => RootDisks::default(),
                false => self.disks(context.below).await?,
            };
            let copy = Copying {
                step: step.clone(),
                files,
                fetched: self.fetched(step).await?,
                below,
                dress: Dress {
                    owner,
                    mode: step.mode.clone(),
                    modified: self.epoch.clamp(),
                    created: self.created(),
                },
                sources: Arc::clone(&self.sources),
            };
            self.store_layer(move |output| copy.write(output)).await
        })
        .await
    }

    pub(super) async fn workdir(
        &self,
        context: &StepContext<'_>,
        step: &WorkdirStep,
    ) -> Result<StoredLayer, StepError> {
        let owner = match step.user.is_empty() {
            true => Owner::default(),
            false => match self.owner(context.below, &OwnerName::new(&step.user)).await {
                // As in BuildKit, a user that the image does not have yet is no reason to fail before a command runs as it.
                Err(StepError::Files(FilesError::NoOwner { .. })) => Owner::default(),
                owner => owner?,
            },
        };
        let key = key::of_workdir(step, &context.below.diff_ids(), owner, self.epoch.seconds())?;
        self.layer_of(context, StepKeys::exact(key), async || {
            let below = self.disks(context.below).await?;
            let dress = Dress {
                owner: Some(owner),
                created: self.created(),
                ..Dress::default()
            };
            let path = step.path.clone();
            let written = self.store_layer(move |output| {
                let root = below.open()?;
                let mut layer = LayerWriter::new(root.as_ref(), output, dress);
                layer.directory(path.as_bytes())?;
                layer.finish()?;
                Ok(())
            });
            written.await
        })
        .await
    }

    /// Whose files are, by the names that a root knows.
    async fn owner(&self, root: &StageRoot, name: &OwnerName) -> Result<Owner, StepError> {
        let disks = match name.is_number() {
            true => RootDisks::default(),
            false => self.disks(root).await?,
        };
        let name = name.clone();
        blocking(move || Ok(find_owner(disks.open()?.as_ref(), &name)?)).await
    }

    /// The layers of a stage or an image that files are taken from.
    pub(super) async fn root_of(&self, context: &StepContext<'_>, origin: &FileOrigin) -> Result<StageRoot, StepError> {
        match origin {
            FileOrigin::Stage(id) => Ok(context.roots.wait(*id).await),
            FileOrigin::Image(request) => {
                let found = self
                    .bases
                    .find(request)
                    .await
                    .map_err(|error| StepError::Base(Box::new(error)))?;
                Ok(StageRoot {
                    layers: found.layers.clone(),
                    image: Some(found.manifest_digest),
                })
            }
            FileOrigin::Context | FileOrigin::NamedContext(_) | FileOrigin::Scratch => Ok(StageRoot::default()),
        }
    }

    async fn context_digest(&self, origin: FileOrigin, step: &CopyStep) -> Result<Digest, StepError> {
        let (sources, step) = (Arc::clone(&self.sources), step.clone());
        blocking(move || {
            let selection = sources.select(&origin, &paths(&step), &step.excludes, step.keeps_parents)?;
            Ok(sources.digest(&selection)?)
        })
        .await
    }
}

impl StepKeys {
    fn exact(exact: container_build_cache::CacheKey) -> Self {
        Self { quick: None, exact }
    }
}

async fn root_digest(disks: RootDisks, step: CopyStep) -> Result<Digest, StepError> {
    blocking(move || {
        let root = disks.open()?;
        let selection = RootSelection::find(root.as_ref(), &paths(&step), &step.excludes, step.keeps_parents)?;
        match root {
            Some(root) => Ok(digest_root(&root, &selection)?),
            None => Ok(Digest::Sha256([0; 32])),
        }
    })
    .await
}

/// A copy on its way to a layer.
struct Copying {
    step: CopyStep,
    files: Files,
    fetched: Vec<Fetched>,
    below: RootDisks,
    dress: Dress,
    sources: Arc<crate::load::Sources>,
}

impl Copying {
    fn write(self, output: &mut dyn std::io::Write) -> Result<(), StepError> {
        let Self {
            step,
            files,
            fetched,
            below,
            dress,
            sources,
        } = self;
        let root = below.open()?;
        let mut layer = LayerWriter::new(root.as_ref(), output, dress);
        match files {
            Files::Nowhere => {}
            Files::Context(counted) => {
                let selection = sources.select(&step.origin, &paths(&step), &step.excludes, step.keeps_parents)?;
                copy_context(&mut layer, &selection, &step.destination, step.unpacks)?;
                sources.check(&selection, &counted)?;
            }
            Files::Root(disks) => {
                let source = disks.open()?;
                let selection =
                    RootSelection::find(source.as_ref(), &paths(&step), &step.excludes, step.keeps_parents)?;
                if let Some(source) = &source {
                    copy_root(&mut layer, source, &selection, &step.destination)?;
                }
            }
        }
        for fetched in fetched {
            fetched.copy(&mut layer, &step)?;
        }
        for source in &step.sources {
            if let CopySource::Document { name, content } = source {
                let bytes = (content.as_bytes(), content.len() as u64);
                copy_document(&mut layer, name, bytes, (DOCUMENT_MODE, None), &step.destination)?;
            }
        }
        layer.finish()?;
        Ok(())
    }
}

fn has_paths(step: &CopyStep) -> bool {
    step.sources.iter().any(|source| matches!(source, CopySource::Path(_)))
}

fn paths(step: &CopyStep) -> Vec<&str> {
    let paths = step.sources.iter().filter_map(|source| match source {
        CopySource::Path(path) => Some(path.as_str()),
        _ => None,
    });
    paths.collect()
}
