//! Sending what a draft has made and what is no image, such as the cache of a build.

use container_oci::{Descriptor, Reference};
use container_registry::Access;

use super::{PushError, PushFailure, PushOptions, Target, elsewhere, push_blobs};
use crate::progress::NoProgress;
use crate::store::draft::ImageDraft;
use crate::store::worker::blocking;

impl ImageDraft {
    /// Sends blobs and the manifest that names them to the registry in the name `reference`. All of them are kept by this draft.
    ///
    /// # Errors
    /// [`PushError`]; the name in the registry then points at what it did, unless only the answer to the last request was lost.
    pub async fn push(
        &self,
        reference: &Reference,
        (manifest, blobs): (&Descriptor, Vec<Descriptor>),
        options: &PushOptions,
    ) -> Result<(), PushError> {
        let pushed = self.send(reference, manifest, blobs, options).await;
        pushed.map_err(|source| PushError {
            reference: reference.clone(),
            source,
        })
    }

    async fn send(
        &self,
        reference: &Reference,
        manifest: &Descriptor,
        blobs: Vec<Descriptor>,
        options: &PushOptions,
    ) -> Result<(), PushFailure> {
        let client = options.registries.client(reference, options.scheme, Access::Push)?;
        let (paths, name) = (self.paths.clone(), reference.clone());
        let elsewhere = blocking(move || elsewhere::find(&paths, &name)).await?;
        let target = Target {
            paths: &self.paths,
            client: &client,
            elsewhere: &elsewhere,
            progress: &NoProgress,
        };
        push_blobs(&target, blobs, options.max_concurrent_uploads).await?;
        target
            .push_manifest(reference.tag().unwrap_or("latest"), manifest)
            .await
    }
}
