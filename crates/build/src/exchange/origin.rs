//! What a cache is read from, alike for directories and registries.

use container_build_cache::CachedLayer;
use container_image::{DraftError, ImageDraft, PullError, RemoteRepository};
use container_oci::{Descriptor, Document, DocumentError, MANIFEST_LIMIT_BYTES};

use super::layout::Layout;

/// Where lists of steps and their layers come from.
pub(super) enum Origin<'a> {
    /// A directory.
    Layout(Layout),
    /// A repository of a registry.
    Registry(Box<RemoteRepository<'a>>),
}

/// Why a source is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum ImportError {
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

impl Origin<'_> {
    /// A manifest or an index; `None` when a registry has it as something else.
    pub(super) async fn document(&self, descriptor: &Descriptor) -> Result<Option<Document>, ImportError> {
        if descriptor.size_bytes > MANIFEST_LIMIT_BYTES {
            return Err(ImportError::TooLarge);
        }
        Ok(match self {
            Self::Layout(layout) => {
                let bytes = layout.small_blob(&descriptor.digest, MANIFEST_LIMIT_BYTES)?;
                Some(Document::parse(&bytes, Some(&descriptor.media_type))?)
            }
            Self::Registry(remote) => remote.listed(descriptor).await.map_err(Box::new)?,
        })
    }

    /// A blob of at most `limit_bytes`, which has the digest that it should have.
    pub(super) async fn small_blob(&self, descriptor: &Descriptor, limit_bytes: u64) -> Result<Vec<u8>, ImportError> {
        Ok(match self {
            Self::Layout(layout) => layout.small_blob(&descriptor.digest, limit_bytes)?,
            Self::Registry(remote) => remote.small_blob(descriptor, limit_bytes).await.map_err(Box::new)?,
        })
    }

    /// Brings a layer into the store, with its disk.
    pub(super) async fn fetch(&self, draft: &ImageDraft, layer: &CachedLayer) -> Result<(), ImportError> {
        match self {
            Self::Layout(layout) => {
                let content = layout.open_blob(&layer.descriptor.digest)?;
                draft
                    .add_layer(layer.descriptor.clone(), layer.diff_id, content)
                    .await?;
            }
            Self::Registry(remote) => {
                let fetched = remote.layer(&layer.descriptor, layer.diff_id).await;
                fetched.map_err(Box::new)?;
            }
        }
        Ok(())
    }
}
