//! `image list` and `image inspect`: what the store has under which names.

use container_oci::{Descriptor, Reference};

use super::variant::{read_undamaged, read_variants};
use super::{CatalogError, ImageStore, ImageVariant, catalog};
use crate::content::OpenGate;

/// A name and the images behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSummary {
    /// The name.
    pub reference: Reference,
    /// The index or manifest that the name points at.
    pub descriptor: Descriptor,
    /// The images that are here, in the index's order. Attestations are left out.
    pub variants: Vec<ImageVariant>,
    /// Whether the image has lost its last name, and the reference is only the place where it is kept until it is pruned.
    pub is_dangling: bool,
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
    /// A variant whose documents are damaged is left out; the others are listed.
    ///
    /// # Errors
    /// [`CatalogError`] when the names cannot be read.
    pub fn list(&self) -> Result<Vec<ImageSummary>, CatalogError> {
        let _gate = OpenGate::hold(&self.paths)?;
        let images = catalog::read(&self.paths)?.images;
        let summary = |(reference, entry): (Reference, catalog::CatalogEntry)| {
            let variants = read_undamaged(&self.paths, &entry.descriptor, |error| {
                tracing::warn!(%reference, %error, "cannot read an image");
            });
            ImageSummary {
                reference,
                descriptor: entry.descriptor,
                variants,
                is_dangling: entry.dangling,
            }
        };
        Ok(images.into_iter().map(summary).collect())
    }

    /// One image in full.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] when there is no such name; [`CatalogError::Content`] when a document is missing or damaged.
    pub fn inspect(&self, reference: &Reference) -> Result<ImageSummary, CatalogError> {
        let _gate = OpenGate::hold(&self.paths)?;
        let entry = catalog::lookup(&self.paths, reference)?;
        let variants = read_variants(&self.paths, &entry.descriptor)?;
        Ok(ImageSummary {
            reference: reference.clone(),
            descriptor: entry.descriptor,
            variants,
            is_dangling: entry.dangling,
        })
    }
}
