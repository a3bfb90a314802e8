//! Images as front ends see them.

use container_oci::{Digest, Platform, Reference};
use serde_json::Value;

/// An image in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSummary {
    /// Its name.
    pub reference: Reference,
    /// Digest of what the name points at: an index or a manifest.
    pub digest: Digest,
    /// The descriptor of that (OCI image specification, descriptor.md), with the image's name among its annotations.
    pub descriptor: Value,
    /// The images behind the name that are here, in the index's order.
    pub variants: Vec<ImageVariant>,
    /// Whether it has lost its last name to another image.
    pub is_dangling: bool,
}

/// One image for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageVariant {
    /// What it runs on.
    pub platform: Platform,
    /// Digest of its manifest.
    pub digest: Digest,
    /// Bytes of manifest, configuration and layers, as stored.
    pub size_bytes: u64,
    /// When it was made, as its configuration says it: RFC 3339, if that is right.
    pub created: Option<String>,
    /// Its configuration (OCI image specification, config.md).
    pub config: Value,
}

impl ImageSummary {
    /// The platform that is meant when none is named: this machine's, if the image is here for it, else the first that it is here for.
    #[must_use]
    pub fn usual_platform(&self) -> Platform {
        let host = Platform::host();
        let mut platforms = self.variants.iter().map(|variant| &variant.platform);
        match platforms.clone().any(|platform| host.is_same_machine(platform)) {
            true => host,
            false => platforms.next().cloned().unwrap_or(host),
        }
    }
}

impl From<container_image::ImageSummary> for ImageSummary {
    fn from(image: container_image::ImageSummary) -> Self {
        Self {
            digest: image.descriptor.digest,
            descriptor: serde_json::to_value(image.descriptor.with_name(&image.reference)).unwrap_or_default(),
            variants: image.variants.into_iter().map(ImageVariant::from).collect(),
            is_dangling: image.is_dangling,
            reference: image.reference,
        }
    }
}

impl From<container_image::ImageVariant> for ImageVariant {
    fn from(variant: container_image::ImageVariant) -> Self {
        Self {
            digest: variant.descriptor.digest,
            size_bytes: variant.size_bytes(),
            config: serde_json::to_value(&variant.config).unwrap_or_default(),
            created: variant.config.created,
            platform: variant.platform,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::{Descriptor, media_type};
    use serde_json::json;

    #[test]
    fn the_descriptor_has_the_name_where_scripts_for_apples_tool_look_for_it() {
        let image = ImageSummary::from(container_image::ImageSummary {
            reference: "alpine:3".parse().unwrap(),
            descriptor: Descriptor::new(media_type::OCI_INDEX, Digest::Sha256([7; 32]), 2),
            variants: Vec::new(),
            is_dangling: false,
        });
        assert_eq!(
            image.descriptor["annotations"],
            json!({"com.apple.containerization.image.name": "docker.io/library/alpine:3"})
        );
        assert_eq!(image.digest, Digest::Sha256([7; 32]));
    }
}
