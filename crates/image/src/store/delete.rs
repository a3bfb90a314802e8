//! `image delete`: take a name away.

use container_oci::{Descriptor, Reference};

use super::{CatalogError, ImageStore, catalog};

impl ImageStore {
    /// Removes the name, and returns what it pointed at. The content stays until garbage is collected.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] when there is no such name.
    pub fn delete(&self, reference: &Reference) -> Result<Descriptor, CatalogError> {
        catalog::update(&self.paths, |catalog| match catalog.images.remove(reference) {
            Some(entry) => Ok(entry.descriptor),
            None => Err(CatalogError::NotFound {
                reference: reference.clone(),
            }),
        })
    }
}
