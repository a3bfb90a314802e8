//! What several commands do with images: parse a reference, pull with progress.

mod shown;

use container_engine::Engine;
use container_engine::image::{CatalogError, PlatformChoice, PullOptions, PulledImage};
use container_engine::oci::{Digest, Platform, Reference};
use container_engine::registry::Scheme;

pub(crate) use shown::Shown;

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
    let progress = Shown::new(flags.progress.show());
    let pulled = engine.images().pull(reference, &options, &progress).await;
    drop(progress);
    pulled.map_err(|error| CommandError::new(error.to_string()))
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
