//! Which image a text means.

use container_image::{CatalogError, ImageQuery};
use container_oci::Reference;

use crate::{ConfiguredEngine, ImageError};

impl ConfiguredEngine {
    /// The name of the image that is here and that `text` means: a name in the terms of this user's settings, or the beginning of the
    /// digest of its index, manifest or configuration.
    ///
    /// # Errors
    /// [`ImageErrorKind::NotFound`], [`ImageErrorKind::Ambiguous`]; [`ImageErrorKind::Name`] for a text that can be neither a name
    /// nor a digest.
    ///
    /// [`ImageErrorKind::NotFound`]: crate::ImageErrorKind::NotFound
    /// [`ImageErrorKind::Ambiguous`]: crate::ImageErrorKind::Ambiguous
    /// [`ImageErrorKind::Name`]: crate::ImageErrorKind::Name
    pub fn find_image(&self, text: &str) -> Result<Reference, ImageError> {
        let found = self.images().find(&self.image_query(text));
        found.map_err(|error| match self.reference(text) {
            Err(mistake) if is_missing(&error) => mistake.into(),
            _ => error.into(),
        })
    }

    /// The image that a container is to be made of: one that is here, or the name of one to pull.
    ///
    /// # Errors
    /// [`crate::ImageErrorKind::Ambiguous`]; [`crate::ImageErrorKind::Name`] for a text that can be neither a name nor a digest.
    pub fn find_image_or_name(&self, text: &str) -> Result<Reference, ImageError> {
        match self.images().find(&self.image_query(text)) {
            Err(error) if is_missing(&error) => Ok(self.reference(text)?),
            found => Ok(found?),
        }
    }

    /// What `text` means, if it is a name in the terms of this user's settings; it may also be the beginning of a digest.
    pub(super) fn image_query(&self, text: &str) -> ImageQuery {
        ImageQuery {
            text: text.to_owned(),
            name: self.reference(text).ok(),
        }
    }
}

fn is_missing(error: &CatalogError) -> bool {
    matches!(error, CatalogError::NotFound { .. } | CatalogError::NoDigest { .. })
}
