//! Parts of what a registry has, one at a time, for drafts: what is no image, such as the cache of a build.

use container_oci::{Descriptor, Digest, Document, Reference};
use container_registry::{Access, RegistryClient};

use super::source::Source;
use super::{PullError, PullFailure, PullOptions, blob, documents};
use crate::progress::NoProgress;
use crate::store::draft::{ImageDraft, StoredLayer};

/// A repository of a registry, as a draft reads it. All that is fetched is checked against its digest, and kept as long as the draft.
pub struct RemoteRepository<'a> {
    draft: &'a ImageDraft,
    reference: Reference,
    client: RegistryClient,
}

impl ImageDraft {
    /// The repository of `reference`. Nothing is sent yet.
    ///
    /// # Errors
    /// [`PullError`] when the settings of the registry cannot be used.
    pub fn remote(&self, reference: &Reference, options: &PullOptions) -> Result<RemoteRepository<'_>, Box<PullError>> {
        let client = options.registries.client(reference, options.scheme, Access::Pull);
        Ok(RemoteRepository {
            draft: self,
            reference: reference.clone(),
            client: client.map_err(|error| Box::new(failed(reference, error.into())))?,
        })
    }
}

impl RemoteRepository<'_> {
    /// What the reference points at.
    ///
    /// # Errors
    /// [`PullError`]
    pub async fn document(&self) -> Result<(Descriptor, Document), PullError> {
        let found = documents::top(&self.source(), &self.reference).await;
        found.map_err(|error| failed(&self.reference, error))
    }

    /// Something that an index lists; `None` when it is neither index nor manifest.
    ///
    /// # Errors
    /// [`PullError`]
    pub async fn listed(&self, descriptor: &Descriptor) -> Result<Option<Document>, PullError> {
        let found = documents::listed(&self.source(), descriptor).await;
        found.map_err(|error| failed(&self.reference, error))
    }

    /// A blob of at most `limit_bytes`.
    ///
    /// # Errors
    /// [`PullError`], also for one that is larger.
    pub async fn small_blob(&self, descriptor: &Descriptor, limit_bytes: u64) -> Result<Vec<u8>, PullError> {
        let what = format!("blob {}", descriptor.digest);
        let fetched = blob::fetch_small(&self.source(), descriptor, &what, limit_bytes).await;
        fetched.map_err(|error| failed(&self.reference, error))
    }

    /// A layer, of which the disk is made as well.
    ///
    /// # Errors
    /// [`PullError`]
    pub async fn layer(&self, descriptor: &Descriptor, diff_id: Digest) -> Result<StoredLayer, PullError> {
        let fetched = blob::fetch_layer(&self.source(), descriptor.clone(), diff_id).await;
        fetched.map_err(|error| failed(&self.reference, error))?;
        Ok(StoredLayer {
            descriptor: descriptor.clone(),
            diff_id,
        })
    }

    fn source(&self) -> Source<'_> {
        Source {
            paths: &self.draft.paths,
            session: &self.draft.session,
            client: &self.client,
            progress: &NoProgress,
        }
    }
}

fn failed(reference: &Reference, source: PullFailure) -> PullError {
    PullError {
        reference: reference.clone(),
        source,
    }
}
