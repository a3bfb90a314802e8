//! An image as scripts see it.

use container_engine::image::{ImageSummary, ImageVariant};
use serde_json::{Value, json};

/// `{id, configuration{name, descriptor, creationDate}, variants[{platform, digest, size, config}]}`.
pub(super) fn image_json(image: &ImageSummary) -> Value {
    let created = image.variants.iter().find_map(|variant| variant.config.created.clone());
    let digest = image.descriptor.digest.to_string();
    json!({
        "id": digest.split_once(':').map_or(digest.as_str(), |(_, hex)| hex),
        "configuration": {
            "name": image.reference.to_string(),
            "descriptor": serde_json::to_value(&image.descriptor).unwrap_or_default(),
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
