//! `image push`: from the store to a registry.
//!
//! Blobs go first, several at once, then the documents that name them, and the one that the tag points at last: a client that pulls
//! meanwhile sees the old image or the new one. What the registry has already is not sent, and what it has in another
//! repository is taken from there.

mod artifact;
mod blob;
mod elsewhere;

use std::collections::BTreeMap;

use container_oci::{Descriptor, Digest, MANIFEST_LIMIT_BYTES, Reference};
use container_registry::{Access, Registries, RegistryClient, RegistryError, Scheme, retry};
use futures_util::{TryStreamExt as _, stream};

use super::selection::{self, Part, PartKind, Partial};
use super::worker::blocking;
use super::{ImageStore, PlatformChoice, SelectionError};
use crate::content::{ContentError, Session, StorePaths, read_blob, sweep};
use crate::progress::{Progress, ProgressEvent};

/// How to push.
#[derive(Debug, Clone)]
pub struct PushOptions {
    /// The way to the registries.
    pub registries: Registries,
    /// http or https.
    pub scheme: Scheme,
    /// Which images of an index are pushed.
    pub platforms: PlatformChoice,
    /// Blobs that are sent at once; at least 1.
    pub max_concurrent_uploads: usize,
    /// Whether the registry is to know the image by its digest alone, and no tag is touched.
    pub by_digest: bool,
}

impl Default for PushOptions {
    fn default() -> Self {
        Self {
            registries: Registries::anonymous(),
            scheme: Scheme::Auto,
            platforms: PlatformChoice::Default,
            max_concurrent_uploads: 3,
            by_digest: false,
        }
    }
}

/// What has been pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedImage {
    /// The name.
    pub reference: Reference,
    /// What the name points at in the registry now.
    pub digest: Digest,
}

/// Why an image could not be pushed.
#[derive(Debug, thiserror::Error)]
#[error("cannot push {:?}: {source}", reference.familiar())]
pub struct PushError {
    /// The image.
    pub reference: Reference,
    /// What went wrong.
    pub source: PushFailure,
}

/// What went wrong in a push.
#[derive(Debug, thiserror::Error)]
pub enum PushFailure {
    /// The registry, or the way to it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A file of the store.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// What was to be pushed is not here.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The reference has a digest, and what was chosen has another.
    #[error("what was chosen has the digest {actual}; push it under a tag without a digest")]
    OtherDigest {
        /// Digest of what was chosen.
        actual: Digest,
    },
}

impl ImageStore {
    /// Sends what `options` say of the image `reference` to the registry in its name.
    ///
    /// Dropping the future ends the push. Blobs and manifests that have been sent stay in the registry; the name is sent last.
    ///
    /// # Errors
    /// [`PushError`]; the name in the registry then points at what it did, unless only the answer to the last request was lost.
    pub async fn push(
        &self,
        reference: &Reference,
        options: &PushOptions,
        progress: &dyn Progress,
    ) -> Result<PushedImage, PushError> {
        let failed = |source| PushError {
            reference: reference.clone(),
            source,
        };
        self.send(reference, options, progress).await.map_err(failed)
    }

    async fn send(
        &self,
        reference: &Reference,
        options: &PushOptions,
        progress: &dyn Progress,
    ) -> Result<PushedImage, PushFailure> {
        let client = options.registries.client(reference, options.scheme, Access::Push)?;
        let (session, parts, elsewhere) = self.prepare(reference, &options.platforms).await?;
        let (manifests, blobs): (Vec<Part>, Vec<Part>) =
            parts.into_iter().partition(|part| part.kind == PartKind::Manifest);
        // The selection ends with its root.
        let root = manifests.last().map(|part| part.descriptor.digest);
        let name = match (reference.tag(), reference.digest(), root) {
            (_, Some(digest), Some(actual)) if *digest != actual => {
                return Err(PushFailure::OtherDigest { actual });
            }
            (_, _, Some(actual)) if options.by_digest => actual.to_string(),
            (Some(tag), _, _) => tag.to_owned(),
            (None, digest, _) => digest.map_or_else(|| "latest".to_owned(), ToString::to_string),
        };
        progress.event(ProgressEvent::Pushing {
            reference: reference.clone(),
        });
        let target = Target {
            paths: &self.paths,
            client: &client,
            elsewhere: &elsewhere,
            progress,
        };
        // The bytes of layers with other sources are not ours to hand on (image-spec `layer.md`, "Non-Distributable Layers").
        let blobs = blobs.into_iter().map(|part| part.descriptor);
        let blobs: Vec<Descriptor> = blobs.filter(|blob| !blob.is_elsewhere()).collect();
        for blob in &blobs {
            progress.event(ProgressEvent::Layer {
                digest: blob.digest,
                size_bytes: blob.size_bytes,
            });
        }
        push_blobs(&target, blobs, options.max_concurrent_uploads).await?;

        let mut digest = None;
        for manifest in &manifests {
            let own = manifest.descriptor.digest;
            let is_root = Some(own) == root;
            let name = if is_root { name.clone() } else { own.to_string() };
            target.push_manifest(&name, &manifest.descriptor).await?;
            digest = Some(own);
        }
        drop(session);
        let digest = digest.ok_or(ContentError::WorkerLost)?;
        let reference = match options.by_digest {
            true => reference.with_digest(digest),
            false => reference.clone(),
        };
        progress.event(ProgressEvent::ImagePushed {
            reference: reference.clone(),
            digest,
        });
        Ok(PushedImage { reference, digest })
    }

    /// Chooses what is pushed and keeps it here until the session ends; finds what of it the registry has elsewhere.
    async fn prepare(
        &self,
        reference: &Reference,
        platforms: &PlatformChoice,
    ) -> Result<(Session, Vec<Part>, Elsewhere), PushFailure> {
        let (paths, reference, platforms) = (self.paths.clone(), reference.clone(), platforms.clone());
        blocking(move || {
            sweep(&paths)?;
            let session = Session::start(&paths)?;
            let selection = selection::select(&paths, &session, &reference, &platforms, Partial::Refuse)?;
            let elsewhere = elsewhere::find(&paths, &reference);
            Ok((session, selection.parts, elsewhere))
        })
        .await?
    }
}

/// Brings blobs into the repository, as many at once.
async fn push_blobs(target: &Target<'_>, blobs: Vec<Descriptor>, at_once: usize) -> Result<(), PushFailure> {
    stream::iter(blobs.into_iter().map(Ok::<_, PushFailure>))
        .try_for_each_concurrent(at_once.max(1), async |blob| blob::push(target, &blob).await)
        .await
}

/// Other repositories of the same registry, by the blobs that they should have.
type Elsewhere = BTreeMap<Digest, Vec<String>>;

/// Where blobs go to.
struct Target<'a> {
    paths: &'a StorePaths,
    client: &'a RegistryClient,
    elsewhere: &'a Elsewhere,
    progress: &'a dyn Progress,
}

impl Target<'_> {
    async fn push_manifest(&self, name: &str, descriptor: &Descriptor) -> Result<(), PushFailure> {
        let (paths, digest) = (self.paths.clone(), descriptor.digest);
        let bytes = blocking(move || read_blob(&paths, &digest, MANIFEST_LIMIT_BYTES)).await??;
        let bytes = bytes::Bytes::from(bytes);
        retry(
            &format!("push of manifest {name}"),
            |retry| self.progress.event(ProgressEvent::Retrying(retry)),
            async || {
                self.client
                    .put_manifest(name, &descriptor.media_type, bytes.clone(), &digest)
                    .await
            },
        )
        .await?;
        Ok(())
    }
}
