//! An image as scripts see it.

use container_engine::image::{ImageSummary, ImageVariant};
use serde_json::{Value, json};

/// `{id, configuration{name, descriptor, creationDate}, variants[{platform, digest, size, config}]}`; the descriptor's
/// annotations have the name as well.
pub(super) fn image_json(image: &ImageSummary) -> Value {
    let created = image.variants.iter().find_map(|variant| variant.config.created.clone());
    let digest = image.descriptor.digest.to_string();
    json!({
        "id": digest.split_once(':').map_or(digest.as_str(), |(_, hex)| hex),
        "configuration": {
            "name": image.reference.to_string(),
            "descriptor": serde_json::to_value(image.descriptor.with_name(&image.reference)).unwrap_or_default(),
            "creationDate": created,
        },
        "variants": image.variants.iter().map(variant_json).collect::<Vec<_>>(),
    })
}

fn variant_json(variant: &ImageVariant) -> Value {
    json!({
        "platform": serde_json::to_value(&variant.platform).unwrap_or_default(),
        "digest": variant.descriptor.digest.to_string(),
        "size": variant.size_bytes(),
        "config": serde_json::to_value(&variant.config).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::{Descriptor, Digest, media_type};

    #[test]
    fn the_descriptor_has_the_name_where_scripts_for_apples_tool_look_for_it() {
        let image = ImageSummary {
            reference: "alpine:3".parse().unwrap(),
            descriptor: Descriptor::new(media_type::OCI_INDEX, Digest::Sha256([7; 32]), 2),
            variants: Vec::new(),
            is_dangling: false,
        };
        let json = image_json(&image);
        let annotations = &json["configuration"]["descriptor"]["annotations"];
        assert_eq!(
            annotations,
            &json!({"com.apple.containerization.image.name": "docker.io/library/alpine:3"})
        );
        assert_eq!(json["id"], "07".repeat(32));
    }
}
