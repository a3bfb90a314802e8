//! `container image list`.

use clap::Args;
use container_engine::Engine;
use container_engine::image::{ImageSummary, ImageVariant};

use super::view::image_json;
use crate::error::{CommandError, cannot};
use crate::images::short;
use crate::output::{ListFlags, Listing, table};

/// List images
#[derive(Debug, Args)]
pub(crate) struct List {
    /// One line for each platform, with sizes
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,

    #[command(flatten)]
    output: ListFlags,
}

impl List {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let images = engine.images().list().map_err(|error| cannot("list images", error))?;
        self.output.print(Listing {
            identifiers: || images.iter().map(|image| engine.familiar(&image.reference)).collect(),
            objects: || images.iter().map(image_json).collect(),
            table: || {
                if self.verbose {
                    verbose(&engine, &images)
                } else {
                    brief(&engine, &images)
                }
            },
        })?;
        Ok(0)
    }
}

fn brief(engine: &Engine, images: &[ImageSummary]) -> String {
    let rows: Vec<_> = images
        .iter()
        .map(|image| {
            let (name, tag) = name_and_tag(engine, image);
            [name, tag, short(&image.descriptor.digest)]
        })
        .collect();
    table(["NAME", "TAG", "DIGEST"], &rows)
}

fn verbose(engine: &Engine, images: &[ImageSummary]) -> String {
    let rows: Vec<_> = images
        .iter()
        .flat_map(|image| image.variants.iter().map(|variant| verbose_row(engine, image, variant)))
        .collect();
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

fn verbose_row(engine: &Engine, image: &ImageSummary, variant: &ImageVariant) -> [String; 9] {
    let (name, tag) = name_and_tag(engine, image);
    let platform = &variant.platform;
    [
        name,
        tag,
        short(&image.descriptor.digest),
        platform.os.clone(),
        platform.architecture.clone(),
        platform.variant.clone().unwrap_or_default(),
        format!("{:.1} MB", variant.size_bytes() as f64 / f64::from(1 << 20)),
        variant.config.created.clone().unwrap_or_default(),
        short(&variant.descriptor.digest),
    ]
}

/// The name that people write, in front of the tag.
fn name_and_tag(engine: &Engine, image: &ImageSummary) -> (String, String) {
    let familiar = engine.familiar(&image.reference);
    let tag = image.reference.tag().unwrap_or("<none>").to_owned();
    let name = familiar.split('@').next().unwrap_or(&familiar);
    let name = name.strip_suffix(&format!(":{tag}")).unwrap_or(name);
    (name.to_owned(), tag)
}
