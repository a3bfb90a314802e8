//! Each image, container, volume, template and record of the cache of builds by itself.

use container_engine::{ContainerDiskUsage, ImageDiskUsage, TemplateDiskUsage, UsageOfEach, VolumeDiskUsage};
use container_terminal::HumanSize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::commands::builder;
use crate::output::{ago, short, table, timestamp};

/// Shown for what is not known.
const NONE: &str = "<none>";
/// Digits of a template's key that are shown, as many as of a digest.
const KEY_DIGITS: usize = 12;

/// A table for each kind, with a title.
pub(super) fn tables(usage: &UsageOfEach, now: OffsetDateTime) -> String {
    let size = |bytes| HumanSize(bytes).to_string();
    let images: Vec<_> = usage.images.iter().flat_map(image_rows).collect();
    let containers = usage.containers.iter().map(|container| {
        [
            container.id.to_string(),
            container.image.clone().unwrap_or_else(|| NONE.to_owned()),
            container.label.clone(),
            size(container.size_bytes),
            size(container.reclaimable_bytes),
        ]
    });
    let containers: Vec<_> = containers.collect();
    let volumes = usage.volumes.iter().map(|volume| {
        [
            volume.name.to_string(),
            volume.containers.to_string(),
            size(volume.size_bytes),
            size(volume.reclaimable_bytes),
        ]
    });
    let volumes: Vec<_> = volumes.collect();
    let templates: Vec<_> = usage.templates.iter().map(|one| template_row(one, now)).collect();
    let build_cache = builder::records_table(&usage.build_cache, now, false);
    format!(
        "Images\n\n{}\nContainers\n\n{}\nLocal Volumes\n\n{}\nTemplates\n\n{}\nBuild Cache\n\n{build_cache}",
        table(
            ["IMAGE", "DIGEST", "SIZE", "UNIQUE SIZE", "CONTAINERS", "RECLAIMABLE"],
            &images
        ),
        table(["ID", "IMAGE", "STATE", "SIZE", "RECLAIMABLE"], &containers),
        table(["NAME", "CONTAINERS", "SIZE", "RECLAIMABLE"], &volumes),
        table(["TEMPLATE", "IMAGE", "LAST USED", "SIZE", "RECLAIMABLE"], &templates),
    )
}

/// A row for each name of an image.
fn image_rows(image: &ImageDiskUsage) -> impl Iterator<Item = [String; 6]> {
    image.references.iter().map(|reference| {
        [
            reference.to_string(),
            short(&image.digest),
            HumanSize(image.size_bytes).to_string(),
            HumanSize(image.own_bytes).to_string(),
            image.containers.to_string(),
            HumanSize(image.reclaimable_bytes).to_string(),
        ]
    })
}

/// The image by its first name, or by its digest when it has none.
fn template_row(template: &TemplateDiskUsage, now: OffsetDateTime) -> [String; 5] {
    let image = match (template.references.first(), &template.image) {
        (Some(name), _) => name.to_string(),
        (None, Some(digest)) => short(digest),
        (None, None) => NONE.to_owned(),
    };
    [
        template.key.chars().take(KEY_DIGITS).collect(),
        image,
        ago(template.last_used, now),
        HumanSize(template.size_bytes).to_string(),
        HumanSize(template.reclaimable_bytes).to_string(),
    ]
}

/// Puts a list below the key of each kind.
pub(super) fn add_to_json(json: &mut Value, usage: &UsageOfEach) {
    json["images"]["items"] = usage.images.iter().map(image).collect();
    json["containers"]["items"] = usage.containers.iter().map(container).collect();
    json["volumes"]["items"] = usage.volumes.iter().map(volume).collect();
    json["templates"]["items"] = usage.templates.iter().map(template).collect();
    json["buildCache"]["items"] = usage.build_cache.iter().map(builder::record_object).collect();
}

fn image(image: &ImageDiskUsage) -> Value {
    json!({
        "references": image.references.iter().map(ToString::to_string).collect::<Value>(),
        "digest": image.digest.to_string(),
        "sizeInBytes": image.size_bytes,
        "uniqueSizeInBytes": image.own_bytes,
        "containers": image.containers,
        "reclaimable": image.reclaimable_bytes,
    })
}

fn container(container: &ContainerDiskUsage) -> Value {
    json!({
        "id": container.id.to_string(),
        "image": container.image,
        "state": container.label,
        "sizeInBytes": container.size_bytes,
        "reclaimable": container.reclaimable_bytes,
    })
}

fn volume(volume: &VolumeDiskUsage) -> Value {
    json!({
        "name": volume.name.to_string(),
        "containers": volume.containers,
        "sizeInBytes": volume.size_bytes,
        "reclaimable": volume.reclaimable_bytes,
    })
}

fn template(template: &TemplateDiskUsage) -> Value {
    json!({
        "key": template.key,
        "image": template.image.map(|digest| digest.to_string()),
        "references": template.references.iter().map(ToString::to_string).collect::<Value>(),
        "madeAt": template.made.map(timestamp),
        "lastUsedAt": timestamp(template.last_used),
        "sizeInBytes": template.size_bytes,
        "reclaimable": template.reclaimable_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::Digest;
    use time::Duration;

    fn usage() -> UsageOfEach {
        UsageOfEach {
            images: vec![ImageDiskUsage {
                references: vec!["alpine:3".parse().unwrap(), "alpine:latest".parse().unwrap()],
                digest: format!("sha256:{}", "ab".repeat(32)).parse().unwrap(),
                size_bytes: 8_000_000,
                own_bytes: 3_000_000,
                containers: 0,
                reclaimable_bytes: 3_000_000,
            }],
            containers: vec![ContainerDiskUsage {
                id: "web".parse().unwrap(),
                image: None,
                label: "damaged".to_owned(),
                size_bytes: 512,
                reclaimable_bytes: 512,
            }],
            volumes: Vec::new(),
            templates: vec![TemplateDiskUsage {
                key: "cd".repeat(32),
                image: Some(Digest::Sha256([0xef; 32])),
                references: Vec::new(),
                made: Some(OffsetDateTime::UNIX_EPOCH),
                last_used: OffsetDateTime::UNIX_EPOCH + Duration::hours(1),
                size_bytes: 80_000_000,
                reclaimable_bytes: 80_000_000,
            }],
            build_cache: Vec::new(),
        }
    }

    #[test]
    fn every_kind_has_a_table_and_every_name_of_an_image_a_row() {
        let expected = "\
Images

IMAGE                            DIGEST        SIZE  UNIQUE SIZE  CONTAINERS  RECLAIMABLE
docker.io/library/alpine:3       abababababab  8 MB  3 MB         0           3 MB
docker.io/library/alpine:latest  abababababab  8 MB  3 MB         0           3 MB

Containers

ID   IMAGE   STATE    SIZE   RECLAIMABLE
web  <none>  damaged  512 B  512 B

Local Volumes

NAME  CONTAINERS  SIZE  RECLAIMABLE

Templates

TEMPLATE      IMAGE         LAST USED    SIZE   RECLAIMABLE
cdcdcdcdcdcd  efefefefefef  2 hours ago  80 MB  80 MB

Build Cache

ID  RECLAIMABLE  SIZE  LAST USED  DESCRIPTION
";
        let now = OffsetDateTime::UNIX_EPOCH + Duration::hours(3);
        assert_eq!(tables(&usage(), now), expected);
    }

    #[test]
    fn json_has_them_below_the_sums() {
        let mut json =
            json!({"images": {"total": 1}, "containers": {}, "volumes": {}, "templates": {}, "buildCache": {}});
        add_to_json(&mut json, &usage());
        assert_eq!(json["images"]["total"], 1);
        assert_eq!(json["images"]["items"][0]["uniqueSizeInBytes"], 3_000_000);
        assert_eq!(json["containers"]["items"][0]["image"], Value::Null);
        assert_eq!(json["volumes"]["items"], json!([]));
        let template = &json["templates"]["items"][0];
        assert_eq!(
            (&template["key"], &template["madeAt"]),
            (&"cd".repeat(32).into(), &"1970-01-01T00:00:00Z".into())
        );
    }
}
