//! Configurations and manifests that are made here.

use container_oci::{Algorithm, Descriptor, MediaType};
use serde::Serialize;

use crate::content::{ContentError, Ingest, Session, StorePaths};

/// Why a document was not stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum NewDocumentError {
    /// It cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A file of the store.
    #[error(transparent)]
    Content(#[from] ContentError),
}

/// Stores a document; its descriptor. The session keeps it.
pub(super) fn store_document(
    paths: &StorePaths,
    session: &Session,
    media_type: &MediaType,
    document: &impl Serialize,
) -> Result<Descriptor, NewDocumentError> {
    let mut ingest = Ingest::start(session, Algorithm::Sha256)?;
    ingest.write(&serde_json::to_vec(document)?)?;
    let staged = ingest.finish();
    let descriptor = Descriptor::new(media_type.as_ref(), *staged.digest(), staged.size_bytes());
    session.pin([descriptor.digest])?;
    staged.commit(paths)?;
    Ok(descriptor)
}
