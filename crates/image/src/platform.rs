//! What an image runs on.

use container_oci::{ImageConfig, Listed, Platform};

/// What the image runs on: as its configuration says, else as the index says that lists it, else `default`.
pub(crate) fn platform_of(config: &ImageConfig, image: &Listed, default: &Platform) -> Platform {
    config.platform.completed_by(image.platform.as_ref().unwrap_or(default))
}
