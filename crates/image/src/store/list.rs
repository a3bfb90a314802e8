//! `image list` and `image inspect`: what the store has under which names.

use container_oci::{Descriptor, Reference};

use super::variant::read_variants;
use super::{CatalogError, ImageStore, ImageVariant, catalog};

/// A name and the images behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSummary {
    /// The name.
    pub reference: Reference,
    /// The index or manifest that the name points at.
    pub descriptor: Descriptor,
    /// The images that are here, in the index's order. Attestations are left out.
    pub variants: Vec<ImageVariant>,
}

impl ImageSummary {
    /// Bytes of all images here, as stored; what several of them share is counted in each.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.variants
            .iter()
            .fold(0, |sum, variant| sum.saturating_add(variant.size_bytes()))
    }
}

impl ImageStore {
    /// All images, by name.
    ///
    /// An image whose documents have been damaged is listed without variants rather than hiding the others.
    ///
    /// # Errors
    /// [`CatalogError`] when the names cannot be read.
    pub fn list(&self) -> Result<Vec<ImageSummary>, CatalogError> {
        let images = catalog::read(&self.paths)?.images;
        let summary = |(reference, entry): (Reference, catalog::CatalogEntry)| {
            let variants = read_variants(&self.paths, &entry.descriptor).unwrap_or_else(|error| {
                tracing::warn!(%reference, %error, "cannot read an image");
                Vec::new()
            });
            ImageSummary {
                reference,
                descriptor: entry.descriptor,
                variants,
            }
        };
        Ok(images.into_iter().map(summary).collect())
    }

    /// One image in full.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] when there is no such name; [`CatalogError::Content`] when a document is missing or damaged.
    pub fn inspect(&self, reference: &Reference) -> Result<ImageSummary, CatalogError> {
        let descriptor = catalog::lookup(&self.paths, reference)?.descriptor;
        let variants = read_variants(&self.paths, &descriptor)?;
        Ok(ImageSummary {
            reference: reference.clone(),
            descriptor,
            variants,
        })
    }
}
