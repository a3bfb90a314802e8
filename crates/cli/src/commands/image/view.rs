//! An image as scripts see it.

use container_engine::{ImageSummary, ImageVariant};
use serde_json::{Value, json};

/// `{id, configuration{name, descriptor, creationDate}, variants[{platform, digest, size, config}]}`; the descriptor's
/// annotations have the name as well.
pub(super) fn image_json(image: &ImageSummary) -> Value {
    let created = image.variants.iter().find_map(|variant| variant.created.clone());
    json!({
        "id": image.digest.hex(),
        "configuration": {
            "name": image.reference.to_string(),
            "descriptor": image.descriptor,
            "creationDate": created,
        },
        "variants": image.variants.iter().map(variant_json).collect::<Vec<_>>(),
    })
}

fn variant_json(variant: &ImageVariant) -> Value {
    json!({
        "platform": serde_json::to_value(&variant.platform).unwrap_or_default(),
        "digest": variant.digest.to_string(),
        "size": variant.size_bytes,
        "config": variant.config,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::Digest;

    #[test]
    fn an_image_has_the_shape_that_scripts_for_apples_tool_read() {
        let variant = ImageVariant {
            platform: "linux/amd64".parse().unwrap(),
            digest: Digest::Sha256([1; 32]),
            size_bytes: 1500,
            created: Some("2023-11-14T22:13:20Z".to_owned()),
            config: json!({"architecture": "amd64"}),
        };
        let image = ImageSummary {
            reference: "alpine:3".parse().unwrap(),
            digest: Digest::Sha256([7; 32]),
            descriptor: json!({"size": 2}),
            variants: vec![variant],
            is_dangling: false,
        };
        let expected = json!({
            "id": "07".repeat(32),
            "configuration": {
                "name": "docker.io/library/alpine:3",
                "descriptor": {"size": 2},
                "creationDate": "2023-11-14T22:13:20Z",
            },
            "variants": [{
                "platform": {"os": "linux", "architecture": "amd64"},
                "digest": format!("sha256:{}", "01".repeat(32)),
                "size": 1500,
                "config": {"architecture": "amd64"},
            }],
        });
        assert_eq!(image_json(&image), expected);
    }
}
