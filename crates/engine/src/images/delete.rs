//! `image delete` and `image prune`.

use std::collections::BTreeSet;

use container_image::{CollectError, CollectScope, Collected, DeleteError, DeleteScope, ImageQuery, Untagged};
use container_model::{Event, EventType};
use container_oci::{Digest, Reference};

use super::blocking::blocking;
use crate::error::InUseError;
use crate::{ConfiguredEngine, Engine, ImageError, ImageErrorKind};

/// Which images are to be pruned. Those that containers use never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PruneScope {
    /// Those that have lost their last name to another image.
    Dangling,
    /// Those as well that have a name.
    Unused,
}

/// What deleting or pruning images has done.
#[derive(Debug, Default)]
pub struct PruneReport {
    /// Names that are gone.
    pub untagged: Vec<Reference>,
    /// Images whose content is gone: the indexes and manifests that names pointed at.
    pub deleted: Vec<Digest>,
    /// Bytes that the disk got back, templates and what interrupted operations had left included.
    pub reclaimed_bytes: u64,
    /// What was asked for and not done, as it was written, and why.
    pub refused: Vec<(String, ImageError)>,
}

impl ConfiguredEngine {
    /// Takes the names away that `names` mean, and removes the content that then belongs to no image.
    ///
    /// The last name of an image that a container uses stays unless `force` is set; the container keeps its disks either
    /// way. With `force`, what is not here is no failure, and the beginning of a digest stands for all names of its image.
    ///
    /// # Errors
    /// [`ImageError`] when names cannot be changed. What is wrong with one name is in [`PruneReport::refused`].
    pub async fn delete_images(&self, names: &[String], force: bool) -> Result<PruneReport, ImageError> {
        let queries: Vec<ImageQuery> = names.iter().map(|name| self.image_query(name)).collect();
        self.delete_in_background(Some(queries), force).await
    }
}

impl Engine {
    /// Like [`ConfiguredEngine::delete_images`], for all names that there are.
    ///
    /// # Errors
    /// As there.
    pub async fn delete_all_images(&self, force: bool) -> Result<PruneReport, ImageError> {
        self.delete_in_background(None, force).await
    }

    /// Removes images that no container uses, and what interrupted operations have left, downloads included. Templates go with their images;
    /// with [`PruneScope::Unused`] all go from which no container is being started.
    ///
    /// # Errors
    /// [`ImageError`].
    pub async fn prune_images(&self, scope: PruneScope) -> Result<PruneReport, ImageError> {
        let engine = self.clone();
        let scope = match scope {
            PruneScope::Dangling => container_image::PruneScope::Dangling,
            PruneScope::Unused => container_image::PruneScope::Unused,
        };
        blocking(move || {
            let prune = || Ok(engine.images().prune(scope, || engine.images_in_use())?);
            let (untagged, freed_bytes) = engine.with_room(prune)?;
            let mut collected = engine.collect_garbage(CollectScope::UnreachableAndDownloads)?;
            collected.reclaimed_bytes += freed_bytes;
            collected.reclaimed_bytes += match scope {
                container_image::PruneScope::Dangling => engine.delete_templates_without_image(),
                container_image::PruneScope::Unused => engine.delete_unused_templates(),
            };
            Ok(engine.report(untagged, Vec::new(), &collected))
        })
        .await
    }

    async fn delete_in_background(
        &self,
        queries: Option<Vec<ImageQuery>>,
        force: bool,
    ) -> Result<PruneReport, ImageError> {
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
            if !deletion.untagged.is_empty() {
                collected.reclaimed_bytes += engine.delete_templates_without_image();
            }
            Ok(engine.report(deletion.untagged, deletion.refused, &collected))
        })
        .await
    }

    /// Takes names away. When the disk is so full that not even the shorter list of names fits, room is made first; returns the bytes that
    /// this gave back as well.
    fn with_room<T>(&self, change: impl Fn() -> Result<T, ImageError>) -> Result<(T, u64), ImageError> {
        match change() {
            Err(error) if error.kind() == ImageErrorKind::DiskFull => {
                let freed_bytes = self.images().make_room(|| self.images_in_use())?;
                Ok((change()?, freed_bytes))
            }
            changed => Ok((changed?, 0)),
        }
    }

    fn collect_garbage(&self, scope: CollectScope) -> Result<Collected, CollectError<InUseError>> {
        self.images().collect_garbage(scope, || self.images_in_use())
    }

    /// What has been done, which is told as well.
    fn report(
        &self,
        untagged: Vec<Untagged>,
        refused: Vec<(String, DeleteError)>,
        collected: &Collected,
    ) -> PruneReport {
        for name in &untagged {
            self.tell_of_image("untag", &name.descriptor.digest, &name.reference);
        }
        let images: BTreeSet<Digest> = untagged.iter().map(|name| name.descriptor.digest).collect();
        let deleted: Vec<Digest> = images.intersection(&collected.blobs).copied().collect();
        for digest in &deleted {
            self.tell(&Event::now(EventType::Image, "delete", digest.to_string()).with("name", digest));
        }
        PruneReport {
            untagged: untagged.into_iter().map(|name| name.reference).collect(),
            deleted,
            reclaimed_bytes: collected.reclaimed_bytes,
            refused: refused.into_iter().map(|(name, error)| (name, error.into())).collect(),
        }
    }
}
