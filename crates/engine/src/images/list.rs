//! `image list`, `image inspect`, and `image tag`, which gives an image one more name.

use container_oci::Reference;

use super::ImageSummary;
use crate::{Engine, ImageError};

impl Engine {
    /// All images, by name.
    ///
    /// # Errors
    /// [`ImageError`] when the names cannot be read.
    pub fn list_images(&self) -> Result<Vec<ImageSummary>, ImageError> {
        Ok(self.images().list()?.into_iter().map(ImageSummary::from).collect())
    }

    /// One image.
    ///
    /// # Errors
    /// [`crate::ImageErrorKind::NotFound`]; [`crate::ImageErrorKind::Store`] when one of its documents is missing or damaged.
    pub fn inspect_image(&self, reference: &Reference) -> Result<ImageSummary, ImageError> {
        Ok(self.images().inspect(reference)?.into())
    }

    /// Gives an image another name. An image that had the name before is left without one.
    ///
    /// # Errors
    /// [`crate::ImageErrorKind::NotFound`]; [`crate::ImageErrorKind::Request`] when the new name has the digest of another image.
    pub fn tag_image(&self, source: &Reference, target: &Reference) -> Result<(), ImageError> {
        self.images().tag(source, target)?;
        if let Ok(tagged) = self.images().inspect(target) {
            self.tell_of_image("tag", &tagged.descriptor.digest, target);
        }
        Ok(())
    }
}
