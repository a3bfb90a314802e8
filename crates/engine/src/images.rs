//! Images and the containers that use them: deleting, pruning, finding.

use std::collections::BTreeSet;

use container_image::{
    CatalogError, CollectError, CollectScope, Collected, DeleteError, DeleteScope, ImageQuery, ImagesInUse, PruneScope,
    Untagged,
};
use container_model::ContainerConfig;
use container_oci::{Digest, Reference};
use container_state::ListError;

use crate::{ConfiguredEngine, Engine, EngineError};

/// What deleting or pruning images has done.
#[derive(Debug, Default)]
pub struct PruneReport {
    /// Names that are gone.
    pub untagged: Vec<Reference>,
    /// Images whose content is gone: the indexes and manifests that names pointed at.
    pub deleted: Vec<Digest>,
    /// Bytes that the disk got back, what interrupted operations had left included.
    pub reclaimed_bytes: u64,
    /// What was asked for and not done, as it was written, and why.
    pub refused: Vec<(String, DeleteError)>,
}

impl ConfiguredEngine {
    /// What `text` means, if it is a name in the terms of this user's settings; it may also be the beginning of a digest.
    #[must_use]
    pub fn image_query(&self, text: &str) -> ImageQuery {
        ImageQuery {
            text: text.to_owned(),
            name: self.reference(text).ok(),
        }
    }

    /// The name of the image that `text` means: a name, or the beginning of the digest of its index, manifest or configuration.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`], [`CatalogError::NoDigest`] and [`CatalogError::Ambiguous`].
    pub fn find_image(&self, text: &str) -> Result<Reference, CatalogError> {
        self.images().find(&self.image_query(text))
    }

    /// Takes the names away that `names` mean, and removes what belongs to no image any more.
    ///
    /// The last name of an image that a container uses stays unless `force` is set; the container keeps its disks either
    /// way. With `force`, what is not here is no failure, and the beginning of a digest stands for all names of its image.
    ///
    /// # Errors
    /// [`EngineError::Catalog`] and [`EngineError::Collect`]. What is wrong with one name is in [`PruneReport::refused`].
    pub async fn delete_images(&self, names: &[String], force: bool) -> Result<PruneReport, EngineError> {
        let queries: Vec<ImageQuery> = names.iter().map(|name| self.image_query(name)).collect();
        self.delete_in_background(Some(queries), force).await
    }
}

impl Engine {
    /// Like [`ConfiguredEngine::delete_images`], for all names that there are.
    ///
    /// # Errors
    /// As there.
    pub async fn delete_all_images(&self, force: bool) -> Result<PruneReport, EngineError> {
        self.delete_in_background(None, force).await
    }

    /// Removes images that no container uses, and what interrupted operations have left, downloads included.
    ///
    /// # Errors
    /// [`EngineError::Catalog`] and [`EngineError::Collect`].
    pub async fn prune_images(&self, scope: PruneScope) -> Result<PruneReport, EngineError> {
        let engine = self.clone();
        blocking(move || {
            let prune = || Ok(engine.images().prune(scope, || engine.images_in_use())?);
            let (untagged, freed_bytes) = engine.with_room(prune)?;
            let mut collected = engine.collect_garbage(CollectScope::UnreachableAndDownloads)?;
            collected.reclaimed_bytes += freed_bytes;
            Ok(report(untagged, Vec::new(), &collected))
        })
        .await
    }

    async fn delete_in_background(
        &self,
        queries: Option<Vec<ImageQuery>>,
        force: bool,
    ) -> Result<PruneReport, EngineError> {
        let engine = self.clone();
        blocking(move || {
            let in_use = engine.images_in_use()?;
            let scope = queries.as_deref().map_or(DeleteScope::All, DeleteScope::Queries);
            let delete = || Ok(engine.images().delete(scope, force, &in_use)?);
            let (deletion, freed_bytes) = engine.with_room(delete)?;
            let mut collected = match deletion.untagged.as_slice() {
                [] => Collected::default(),
                _ => engine.collect_garbage(CollectScope::Unreachable)?,
            };
            collected.reclaimed_bytes += freed_bytes;
            Ok(report(deletion.untagged, deletion.refused, &collected))
        })
        .await
    }

    /// Takes names away, if need be after making room on a disk so full that the shorter list of names does not fit; returns
    /// the bytes that this gave back as well.
    fn with_room<T>(&self, change: impl Fn() -> Result<T, EngineError>) -> Result<(T, u64), EngineError> {
        match change() {
            Err(error) if error.is_full_disk() => {
                let freed_bytes = self.images().make_room(|| self.images_in_use())?;
                Ok((change()?, freed_bytes))
            }
            changed => Ok((changed?, 0)),
        }
    }

    fn collect_garbage(&self, scope: CollectScope) -> Result<Collected, CollectError<ListError>> {
        self.images().collect_garbage(scope, || self.images_in_use())
    }

    /// What the containers need of the image store.
    pub(crate) fn images_in_use(&self) -> Result<ImagesInUse, ListError> {
        let listing = self.containers.list()?;
        let mut in_use = ImagesInUse {
            has_unknown: !listing.damaged.is_empty(),
            ..ImagesInUse::default()
        };
        for container in &listing.containers {
            add(&mut in_use, &container.config);
        }
        Ok(in_use)
    }
}

fn add(in_use: &mut ImagesInUse, config: &ContainerConfig) {
    let image = &config.image;
    let index = image.descriptor.get("digest").and_then(|digest| digest.as_str());
    let images = [index, Some(image.manifest_digest.as_str())].into_iter().flatten();
    for digest in images.filter_map(|text| text.parse::<Digest>().ok()) {
        in_use.images.entry(digest).or_default().insert(config.id.to_string());
    }
    for layer in &image.layers {
        match layer.parse() {
            Ok(id) => {
                in_use.disks.insert(id);
            }
            Err(_) => in_use.has_unknown = true,
        }
    }
}

fn report(untagged: Vec<Untagged>, refused: Vec<(String, DeleteError)>, collected: &Collected) -> PruneReport {
    let images: BTreeSet<Digest> = untagged.iter().map(|name| name.descriptor.digest).collect();
    PruneReport {
        untagged: untagged.into_iter().map(|name| name.reference).collect(),
        deleted: images.intersection(&collected.blobs).copied().collect(),
        reclaimed_bytes: collected.reclaimed_bytes,
        refused,
    }
}

/// Runs file work on a thread where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(container_image::ContentError::WorkerLost.into()),
    }
}
