//! A volume as scripts see it: the JSON shape of Apple's tool, with the containers added.

use container_engine::VolumeView;
use serde_json::{Value, json};

use crate::output::timestamp;

/// What makes volumes, in the words of Apple's tool and Docker.
pub(super) const DRIVER: &str = "local";

/// The file system of volumes.
const FORMAT: &str = "ext4";

/// `{id, configuration{creationDate, driver, format, labels, name, options, sizeInBytes, source}}`, and `status{containers[{id}]}`.
pub(super) fn volume_json(volume: &VolumeView) -> Value {
    let VolumeView {
        config,
        image,
        containers,
    } = volume;
    json!({
        "id": config.name,
        "configuration": {
            "name": config.name,
            "creationDate": timestamp(config.created),
            "driver": DRIVER,
            "format": FORMAT,
            "labels": config.labels,
            "options": config.options,
            "sizeInBytes": config.size_bytes,
            "source": image,
        },
        "status": { "containers": containers.iter().map(|id| json!({ "id": id })).collect::<Value>() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::{UnknownFields, VolumeConfig};

    #[test]
    fn a_volume_has_the_shape_of_apple_s_tool() {
        let volume = VolumeView {
            config: VolumeConfig {
                name: "data".parse().unwrap(),
                created: time::OffsetDateTime::UNIX_EPOCH,
                size_bytes: 10 << 30,
                labels: [("a".to_owned(), "b".to_owned())].into(),
                options: [("size".to_owned(), "10g".to_owned())].into(),
                unknown: UnknownFields::new(),
            },
            image: "/app/volumes/data/volume.img".into(),
            containers: vec!["db".parse().unwrap()],
        };
        let expected = json!({
            "id": "data",
            "configuration": {
                "name": "data", "creationDate": "1970-01-01T00:00:00Z", "driver": "local", "format": "ext4", "labels": { "a": "b" },
                "options": { "size": "10g" }, "sizeInBytes": 10_737_418_240_u64, "source": "/app/volumes/data/volume.img",
            },
            "status": { "containers": [{ "id": "db" }] },
        });
        assert_eq!(volume_json(&volume), expected);
    }
}
