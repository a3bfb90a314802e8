//! Why there is no image for a name and a platform.

use container_oci::{Platform, Reference};

use super::CatalogError;
use crate::content::ContentError;
use crate::disk::DiskError;

/// Why an image is not ready to run.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The name.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The content.
    #[error("image {:?}: {source}", reference.familiar())]
    Content {
        /// The image.
        reference: Reference,
        /// What is wrong.
        source: Box<ContentError>,
    },
    /// A layer's disk.
    #[error("image {:?}: {source}", reference.familiar())]
    Disk {
        /// The image.
        reference: Reference,
        /// What is wrong.
        source: Box<DiskError>,
    },
    /// The image is made for the platform, perhaps, but that part of it is not here.
    #[error(
        "image {:?} is not here for {platform} but for: {available} (try: container image pull --platform {platform} {})",
        reference.familiar(), reference.familiar()
    )]
    PlatformNotHere {
        /// The image.
        reference: Reference,
        /// Platform asked for.
        platform: Platform,
        /// Platforms that are here, with commas between.
        available: String,
    },
    /// The image is not made for the platform.
    #[error("image {:?} is not made for {platform}, only for: {available}", reference.familiar())]
    Platform {
        /// The image.
        reference: Reference,
        /// Platform asked for.
        platform: Platform,
        /// Platforms that it is made for, with commas between.
        available: String,
    },
    /// Manifest and configuration disagree about the number of layers.
    #[error("image {:?} is damaged: {layers} layers, but {diff_ids} diff ids", reference.familiar())]
    LayerCount {
        /// The image.
        reference: Reference,
        /// Layers in the manifest.
        layers: usize,
        /// Diff ids in the configuration.
        diff_ids: usize,
    },
}
