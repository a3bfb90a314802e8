//! `image tag`: another name for an image.

use container_oci::{Descriptor, Reference};

use super::{CatalogError, ImageStore, catalog};

impl ImageStore {
    /// Makes `target` point at what `source` points at, and at nothing else; returns the descriptor.
    ///
    /// Both happens at once, so the image cannot be collected in between.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] when there is no `source`; [`CatalogError::OtherDigest`] when `target` has a digest and the
    /// image another.
    pub fn tag(&self, source: &Reference, target: &Reference) -> Result<Descriptor, CatalogError> {
        catalog::update(&self.paths, |catalog| {
            let not_found = || CatalogError::NotFound {
                reference: source.clone(),
            };
            let (_, entry) = catalog.entry(source).ok_or_else(not_found)?;
            let descriptor = entry.descriptor.clone();
            catalog.give_name(target, descriptor.clone())?;
            Ok(descriptor)
        })
    }
}
