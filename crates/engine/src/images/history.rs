//! `image history`.

use container_oci::{Platform, Reference};

use crate::{Engine, ImageError};

/// One step of making an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryStep {
    /// When, as the image says it: RFC 3339, if that is right.
    pub created: Option<String>,
    /// By what command.
    pub created_by: Option<String>,
    /// Remark.
    pub comment: Option<String>,
    /// Size of the layer as it is stored and transferred, which for most is compressed. `None` when the step made no layer.
    pub size_bytes: Option<u64>,
    /// Whether the step changed no file.
    pub is_empty_layer: bool,
}

impl Engine {
    /// The steps in which the image was made that would run for `platform`, the latest first, as its configuration tells them.
    ///
    /// An image need not tell: a layer without a step has an entry that says nothing but its size.
    ///
    /// # Errors
    /// [`crate::ImageErrorKind::NotFound`] and [`crate::ImageErrorKind::Platform`]; the layers themselves need not be here.
    pub fn image_history(&self, reference: &Reference, platform: &Platform) -> Result<Vec<HistoryStep>, ImageError> {
        let entries = self.images().history(reference, platform)?;
        let steps = entries.into_iter().map(|entry| HistoryStep {
            created: entry.created,
            created_by: entry.created_by,
            comment: entry.comment,
            size_bytes: entry.size_bytes,
            is_empty_layer: entry.is_empty_layer,
        });
        Ok(steps.collect())
    }
}
