//! `container image list`.

mod filter;
mod rows;

use clap::Args;
use container_engine::{Engine, ImageSummary, ImageVariant};
use container_oci::Reference;
use container_terminal::HumanSize;
use time::OffsetDateTime;

use super::date::date;
use super::view::image_json;
use crate::arguments::Filter;
use crate::error::{CommandError, cannot};
use crate::output::{ListFlags, Listing, short, table, timestamp};
use filter::Criteria;
use rows::image_rows;

/// List images
#[derive(Debug, Args)]
pub(crate) struct List {
    /// One line for each platform, with sizes
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,

    /// Only those with: dangling=true|false, reference=PATTERN, label=KEY[=VALUE], before=IMAGE, since=IMAGE (several times)
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = filter::image_filter)]
    filter: Vec<Filter>,

    #[command(flatten)]
    output: ListFlags,
}

impl List {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let mut images = engine.list_images().map_err(|error| cannot("list images", error))?;
        let familiar = |reference: &Reference| engine.familiar(reference);
        let criteria = Criteria::look_up(&self.filter, &engine)?;
        images.retain(|image| criteria.pass(image, &familiar));
        self.output.print(Listing {
            identifiers: || images.iter().map(|image| familiar(&image.reference)).collect(),
            objects: || images.iter().map(image_json).collect(),
            rows: || image_rows(&familiar, &images, OffsetDateTime::now_utc()),
            table: || {
                if self.verbose {
                    verbose(&familiar, &images)
                } else {
                    brief(&familiar, &images)
                }
            },
        })?;
        Ok(0)
    }
}

fn brief(familiar: &dyn Fn(&Reference) -> String, images: &[ImageSummary]) -> String {
    let rows: Vec<_> = images
        .iter()
        .map(|image| {
            let (name, tag) = name_and_tag(familiar, &image.reference);
            [name, tag, short(&image.digest)]
        })
        .collect();
    table(["NAME", "TAG", "DIGEST"], &rows)
}

fn verbose(familiar: &dyn Fn(&Reference) -> String, images: &[ImageSummary]) -> String {
    let mut rows = Vec::new();
    for image in images {
        let of_variant = |variant| verbose_row(familiar, image, variant);
        rows.extend(image.variants.iter().map(of_variant));
    }
    let header = [
        "NAME",
        "TAG",
        "INDEX DIGEST",
        "OS",
        "ARCH",
        "VARIANT",
        "FULL SIZE",
        "CREATED",
        "MANIFEST DIGEST",
    ];
    table(header, &rows)
}

fn verbose_row(familiar: &dyn Fn(&Reference) -> String, image: &ImageSummary, variant: &ImageVariant) -> [String; 9] {
    let (name, tag) = name_and_tag(familiar, &image.reference);
    let platform = &variant.platform;
    [
        name,
        tag,
        short(&image.digest),
        platform.os.clone(),
        platform.architecture.clone(),
        platform.variant.clone().unwrap_or_default(),
        HumanSize(variant.size_bytes).to_string(),
        variant.created.as_deref().map(to_the_second).unwrap_or_default(),
        short(&variant.digest),
    ]
}

/// A date of an image without the fractions of its seconds; a text that is no date stays as it is.
fn to_the_second(text: &str) -> String {
    date(text).map_or_else(|| text.to_owned(), timestamp)
}

/// The name that people write, in front of the tag. An image that has none, only a digest, has `<none>`.
fn name_and_tag(familiar: &dyn Fn(&Reference) -> String, reference: &Reference) -> (String, String) {
    let familiar = familiar(reference);
    let name = familiar.split('@').next().unwrap_or(&familiar);
    match reference.tag() {
        Some(tag) => (
            name.strip_suffix(&format!(":{tag}")).unwrap_or(name).to_owned(),
            tag.to_owned(),
        ),
        None => (name.to_owned(), "<none>".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::Digest;
    use serde_json::Value;

    fn variant(platform: &str, value: u8) -> ImageVariant {
        ImageVariant {
            platform: platform.parse().unwrap(),
            digest: Digest::Sha256([value; 32]),
            size_bytes: 29_401_500,
            created: Some("2023-11-14T22:13:20.123456789Z".to_owned()),
            config: Value::Null,
        }
    }

    fn images() -> Vec<ImageSummary> {
        let digest = Digest::Sha256([7; 32]);
        let image = |name: &str, is_dangling, variants| ImageSummary {
            reference: name.parse().unwrap(),
            digest,
            descriptor: Value::Null,
            variants,
            is_dangling,
        };
        vec![
            image(
                "alpine",
                false,
                vec![variant("linux/amd64", 1), variant("linux/arm/v7", 2)],
            ),
            image(
                &format!("localhost:5000/team/app@{digest}"),
                true,
                vec![variant("linux/arm64", 3)],
            ),
        ]
    }

    #[test]
    fn an_image_without_a_tag_has_none() {
        let expected = "\
NAME                     TAG     DIGEST
alpine                   latest  070707070707
localhost:5000/team/app  <none>  070707070707
";
        assert_eq!(brief(&Reference::familiar, &images()), expected);
    }

    #[test]
    fn each_platform_has_a_line_with_its_size() {
        let expected = "\
NAME                     TAG     INDEX DIGEST  OS     ARCH   VARIANT  FULL SIZE  CREATED               MANIFEST DIGEST
alpine                   latest  070707070707  linux  amd64           29.4 MB    2023-11-14T22:13:20Z  010101010101
alpine                   latest  070707070707  linux  arm    v7       29.4 MB    2023-11-14T22:13:20Z  020202020202
localhost:5000/team/app  <none>  070707070707  linux  arm64           29.4 MB    2023-11-14T22:13:20Z  030303030303
";
        assert_eq!(verbose(&Reference::familiar, &images()), expected);
    }
}
