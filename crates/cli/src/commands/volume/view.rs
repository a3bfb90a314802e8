//! A volume as scripts see it: the JSON shape of Apple's tool, with the containers added.

use container_engine::VolumeView;
use container_terminal::HumanSize;
use serde_json::{Value, json};

use crate::output::{Rows, labels_text, timestamp};

/// What makes volumes, in the words of Apple's tool and Docker.
pub(super) const DRIVER: &str = "local";

/// Where a volume can be used, in the words of Docker.
const SCOPE: &str = "local";

/// Docker's word for a size that nobody has set.
const UNKNOWN: &str = "N/A";

/// The file system of volumes that are disks, and of those that machines share.
const DISK_FORMAT: &str = "ext4";
const SHARED_FORMAT: &str = "virtiofs";

/// `{id, configuration{creationDate, driver, format, labels, name, options, sizeInBytes, source}}`, and `status{containers[{id}]}`.
pub(super) fn volume_json(volume: &VolumeView) -> Value {
    let VolumeView {
        config,
        source,
        containers,
    } = volume;
    json!({
        "id": config.name,
        "configuration": {
            "name": config.name,
            "creationDate": timestamp(config.created),
            "driver": DRIVER,
            "format": if config.is_shared() { SHARED_FORMAT } else { DISK_FORMAT },
            "labels": config.labels,
            "options": config.options,
            "sizeInBytes": config.size_bytes,
            "source": source,
        },
        "status": { "containers": containers.iter().map(|id| json!({ "id": id })).collect::<Value>() },
    })
}

/// Docker's fields of volumes. The size is that which a volume may have.
pub(super) fn volume_rows(volumes: &[VolumeView]) -> Rows {
    let fields = [
        ("Name", "VOLUME NAME"),
        ("Driver", "DRIVER"),
        ("Scope", "SCOPE"),
        ("Mountpoint", "MOUNTPOINT"),
        ("Links", "LINKS"),
        ("Size", "SIZE"),
        ("Labels", "LABELS"),
    ];
    let entries = volumes.iter().map(|volume| {
        let size = volume.config.size_bytes.map(|bytes| HumanSize(bytes).to_string());
        [
            volume.config.name.to_string(),
            DRIVER.to_owned(),
            SCOPE.to_owned(),
            volume.source.display().to_string(),
            volume.containers.len().to_string(),
            size.unwrap_or_else(|| UNKNOWN.to_owned()),
            labels_text(&volume.config.labels),
        ]
    });
    Rows::new(fields, entries).with_labels(volumes.iter().map(|volume| &volume.config.labels))
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
                size_bytes: Some(10 << 30),
                labels: [("a".to_owned(), "b".to_owned())].into(),
                options: [("size".to_owned(), "10g".to_owned())].into(),
                unknown: UnknownFields::new(),
            },
            source: "/app/volumes/data/volume.img".into(),
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
