//! `image tag`: another name for an image.

use container_oci::{Descriptor, Reference};

use super::{CatalogError, ImageStore, catalog};

impl ImageStore {
    /// Makes `target` point at what `source` points at, and at nothing else; returns the descriptor.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] when there is no `source`.
    pub fn tag(&self, source: &Reference, target: &Reference) -> Result<Descriptor, CatalogError> {
        let entry = catalog::lookup(&self.paths, source)?;
        let descriptor = entry.descriptor.clone();
        catalog::update(&self.paths, |catalog| {
            catalog.images.insert(target.clone(), entry);
            Ok(())
        })?;
        Ok(descriptor)
    }
}
