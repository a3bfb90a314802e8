//! Blobs and documents of a draft that are no image of its own.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use container_oci::{Descriptor, Digest, MediaType};
use serde::Serialize;

use super::draft::{DraftError, ImageDraft, StoredLayer};
use super::layers;
use super::new_document::store_document;
use super::worker::blocking;
use crate::content::{ContentError, Ingest, has_blob, open_blob};

impl ImageDraft {
    /// Stores a document of this media type; its descriptor.
    ///
    /// # Errors
    /// [`DraftError`]
    pub fn store_document(&self, media_type: &str, document: &impl Serialize) -> Result<Descriptor, DraftError> {
        let media_type = MediaType::from(media_type);
        Ok(store_document(&self.paths, &self.session, &media_type, document)?)
    }

    /// The bytes of a blob as they are in the store.
    ///
    /// # Errors
    /// [`ContentError`] when it is not here.
    pub fn open_blob(&self, digest: &Digest) -> Result<File, ContentError> {
        open_blob(&self.paths, digest)
    }

    /// Adds a layer that was made elsewhere, and makes its disk. Of `content` no more is read than the descriptor says.
    ///
    /// # Errors
    /// [`DraftError`] when it has another size, or is another layer, than it should.
    pub async fn add_layer(
        &self,
        descriptor: Descriptor,
        diff_id: Digest,
        content: impl Read + Send + 'static,
    ) -> Result<StoredLayer, DraftError> {
        self.session.pin([descriptor.digest, diff_id])?;
        if !has_blob(&self.paths, &descriptor.digest) {
            let (paths, session, expected) = (self.paths.clone(), Arc::clone(&self.session), descriptor.clone());
            let added = blocking(move || {
                let mut ingest = Ingest::start(&session, expected.digest.algorithm())?;
                let mut bounded = content.take(expected.size_bytes.saturating_add(1));
                let unreadable = |error: io::Error| DraftError::Unreadable {
                    digest: expected.digest,
                    source: error,
                };
                ingest.write_from(&mut bounded, unreadable)?;
                let staged = ingest.finish_as(&expected.digest, expected.size_bytes)?;
                Ok::<_, DraftError>(staged.commit(&paths)?)
            });
            added.await??;
        }
        layers::ensure(&self.paths, &self.session, &descriptor, &diff_id).await?;
        Ok(StoredLayer { descriptor, diff_id })
    }
}
