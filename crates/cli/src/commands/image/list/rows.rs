//! Images as templates see them: Docker's fields.

use container_engine::{ImageSummary, ImageVariant};
use container_oci::Reference;
use container_terminal::HumanSize;
use time::OffsetDateTime;

use super::super::date::date;
use super::name_and_tag;
use crate::output::{Rows, ago, docker_time, short};

/// Fields with their columns.
const FIELDS: [(&str, &str); 7] = [
    ("ID", "IMAGE ID"),
    ("Repository", "REPOSITORY"),
    ("Tag", "TAG"),
    ("Digest", "DIGEST"),
    ("CreatedSince", "CREATED"),
    ("CreatedAt", "CREATED AT"),
    ("Size", "SIZE"),
];

/// The fields of images. Size and age are those of the variant for this machine, or of the first one that is here.
pub(super) fn image_rows(
    familiar: &dyn Fn(&Reference) -> String,
    images: &[ImageSummary],
    now: OffsetDateTime,
) -> Rows {
    let entries = images.iter().map(|image| {
        let (repository, tag) = name_and_tag(familiar, &image.reference);
        let variant = usual_variant(image);
        let created = variant.and_then(created);
        [
            short(&image.digest),
            repository,
            tag,
            image.digest.to_string(),
            created.map(|then| ago(then, now)).unwrap_or_default(),
            created.map(docker_time).unwrap_or_default(),
            HumanSize(variant.map_or(0, |variant| variant.size_bytes)).to_string(),
        ]
    });
    Rows::new(FIELDS, entries)
}

/// The variant that is meant when no platform is named.
pub(super) fn usual_variant(image: &ImageSummary) -> Option<&ImageVariant> {
    let usual = image.usual_platform();
    let mut variants = image.variants.iter();
    let found = variants.find(|variant| usual.is_same_machine(&variant.platform));
    found.or(image.variants.first())
}

/// When a variant was made, if its configuration says it rightly.
pub(super) fn created(variant: &ImageVariant) -> Option<OffsetDateTime> {
    date(variant.created.as_deref()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_go_template::ListTemplate;
    use container_oci::Digest;
    use serde_json::Value;

    #[test]
    fn fields_are_dockers() {
        let image = ImageSummary {
            reference: "alpine:3".parse().unwrap(),
            digest: Digest::Sha256([7; 32]),
            descriptor: Value::Null,
            variants: vec![ImageVariant {
                platform: "linux/amd64".parse().unwrap(),
                digest: Digest::Sha256([1; 32]),
                size_bytes: 29_401_500,
                created: Some("2023-11-14T22:13:20.5Z".to_owned()),
                config: Value::Null,
            }],
            is_dangling: false,
        };
        let now = OffsetDateTime::from_unix_timestamp(1_700_086_400).unwrap();
        let rows = image_rows(&Reference::familiar, &[image], now);
        let format =
            "{{.ID}}|{{.Repository}}:{{.Tag}}|{{slice .Digest 0 10}}|{{.CreatedSince}}|{{.CreatedAt}}|{{.Size}}";
        assert_eq!(
            rows.render(&ListTemplate::parse(format).unwrap()).unwrap(),
            "070707070707|alpine:3|sha256:070|24 hours ago|2023-11-14 22:13:20 +0000 UTC|29.4 MB\n"
        );
    }
}
