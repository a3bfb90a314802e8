//! What several commands do with images: parse a reference, pull with progress.

use container_engine::Engine;
use container_engine::image::{
    CatalogError, PlatformChoice, Progress as ImageProgress, ProgressEvent, PullOptions, PulledImage,
};
use container_engine::oci::{Digest, Platform, Reference};
use container_engine::registry::{Retry, Scheme};
use container_terminal::Progress;

use crate::arguments::{PullFlags, SchemeFlag};
use crate::error::{CommandError, cannot};

/// Pulls an image unless it is here.
pub(crate) async fn ensure(
    engine: &Engine,
    reference: &Reference,
    platform: Option<&Platform>,
    flags: &PullFlags,
) -> Result<(), CommandError> {
    match engine.images().inspect(reference) {
        Ok(_) => Ok(()),
        Err(CatalogError::NotFound { .. }) => pull(engine, reference, platform, flags).await.map(|_| ()),
        Err(error) => Err(cannot(format!("use image {}", reference.familiar()), error)),
    }
}

/// Pulls an image and shows how it goes.
pub(crate) async fn pull(
    engine: &Engine,
    reference: &Reference,
    platform: Option<&Platform>,
    flags: &PullFlags,
) -> Result<PulledImage, CommandError> {
    let options = PullOptions {
        registries: engine.registries().clone(),
        scheme: match flags.scheme {
            SchemeFlag::Auto => Scheme::Auto,
            SchemeFlag::Http => Scheme::Http,
            SchemeFlag::Https => Scheme::Https,
        },
        max_concurrent_downloads: usize::try_from(flags.max_concurrent_downloads).unwrap_or(1),
        platforms: platform.map_or(PlatformChoice::Default, |platform| {
            PlatformChoice::Only(platform.clone())
        }),
        ..PullOptions::default()
    };
    let progress = Shown(flags.progress.show());
    let pulled = engine.images().pull(reference, &options, &progress).await;
    drop(progress);
    pulled.map_err(|error| CommandError::new(error.to_string()))
}

/// Shows what the image store tells.
pub(crate) struct Shown(pub(crate) Progress);

impl ImageProgress for Shown {
    fn event(&self, event: ProgressEvent) {
        let Self(progress) = self;
        match event {
            ProgressEvent::Resolving { reference } => progress.say(&format!("pulling {reference}")),
            ProgressEvent::Layer { digest, size_bytes } => progress.advance(&layer(&digest), 0, Some(size_bytes)),
            ProgressEvent::LayerPresent { digest } => progress.finish(&layer(&digest), "here already"),
            ProgressEvent::LayerBytes { digest, received_bytes } => {
                progress.advance(&layer(&digest), received_bytes, None)
            }
            ProgressEvent::LayerStored { digest } => progress.finish(&layer(&digest), "done"),
            ProgressEvent::LayerWaiting { digest } => {
                progress.say(&format!("{}: waiting for another pull of it", layer(&digest)));
            }
            ProgressEvent::Retrying(Retry { what, reason, delay }) => {
                progress.say(&format!(
                    "{what}: {reason}; trying again in {:.1} s",
                    delay.as_secs_f32()
                ));
            }
            ProgressEvent::ArchiveBytes { read_bytes } => progress.advance(ARCHIVE, read_bytes, None),
            ProgressEvent::ImageReady { reference, digest } => {
                progress.say(&format!("{reference}: ready ({})", short(&digest)));
            }
            // Disks follow their layers closely, and what later versions tell is not needed.
            _ => {}
        }
    }
}

/// Name of the task that reads an archive.
const ARCHIVE: &str = "archive";

fn layer(digest: &Digest) -> String {
    format!("layer {}", short(digest))
}

/// The first twelve digits, as everywhere in this field.
pub(crate) fn short(digest: &Digest) -> String {
    let text = digest.to_string();
    let hex = text.split_once(':').map_or(text.as_str(), |(_, hex)| hex);
    hex.chars().take(12).collect()
}

/// Parses a reference given on the command line.
pub(crate) fn reference(engine: &Engine, text: &str) -> Result<Reference, CommandError> {
    engine
        .reference(text)
        .map_err(|error| CommandError::usage(format!("{error}")))
}
