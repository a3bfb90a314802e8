//! What several commands do with images: find one, parse a reference, pull with progress.

mod shown;

use container_engine::ConfiguredEngine;
use container_engine::image::{CatalogError, ImageSummary, Lease, PlatformChoice, PullOptions, PulledImage};
use container_oci::{Digest, Platform, Reference};

pub(crate) use shown::Shown;

use crate::arguments::PullFlags;
use crate::error::{CommandError, cannot};

/// The image that a container is made of. Pulls it when it is not here, and when it is not here for the platform that was asked for.
pub(crate) async fn ensure(
    engine: &ConfiguredEngine,
    reference: &Reference,
    platform: Option<&Platform>,
    flags: &PullFlags,
) -> Result<Lease, CommandError> {
    let held = engine.images().lease(reference);
    // Every start comes by here: the image is only looked into when there is a platform to look for.
    let is_right = || match platform {
        Some(platform) => engine.images().inspect(reference).map(|image| has(&image, platform)),
        None => Ok(true),
    };
    match held.and_then(|lease| Ok((is_right()?, lease))) {
        Ok((true, lease)) => return Ok(lease),
        Ok((false, _)) | Err(CatalogError::NotFound { .. }) => {}
        Err(error) => return Err(cannot(format!("use image {}", reference.familiar()), error)),
    }
    let choice = platform.map_or(PlatformChoice::Default, |platform| {
        PlatformChoice::Only(platform.clone())
    });
    let shown = Shown::new(flags.progress.show());
    let pulled = pull(engine, reference, choice, flags, shown).await?;
    Ok(pulled.lease)
}

fn has(image: &ImageSummary, platform: &Platform) -> bool {
    image
        .variants
        .iter()
        .any(|variant| platform.is_same_machine(&variant.platform))
}

/// Pulls an image and shows how it goes.
pub(crate) async fn pull(
    engine: &ConfiguredEngine,
    reference: &Reference,
    platforms: PlatformChoice,
    flags: &PullFlags,
    shown: Shown,
) -> Result<PulledImage, CommandError> {
    let options = PullOptions {
        registries: engine.registries().clone(),
        scheme: flags.scheme.scheme(),
        max_concurrent_downloads: flags.max_concurrent_downloads(),
        platforms,
    };
    let pulled = engine.images().pull(reference, &options, &shown).await;
    drop(shown);
    pulled.map_err(|error| CommandError::new(error.to_string()))
}

/// The first twelve digits, as everywhere in this field.
pub(crate) fn short(digest: &Digest) -> String {
    let text = digest.to_string();
    let hex = text.split_once(':').map_or(text.as_str(), |(_, hex)| hex);
    hex.chars().take(12).collect()
}

/// Parses a reference given on the command line.
pub(crate) fn reference(engine: &ConfiguredEngine, text: &str) -> Result<Reference, CommandError> {
    engine
        .reference(text)
        .map_err(|error| CommandError::usage(format!("{error}")))
}

/// The image that is here and that a user means: a name, a digest, or the beginning of one.
pub(crate) fn find(engine: &ConfiguredEngine, text: &str) -> Result<Reference, CommandError> {
    // What can be neither is a mistake in writing rather than an image that is missing.
    let written = reference(engine, text);
    match (engine.find_image(text), written) {
        (Ok(found), _) => Ok(found),
        (Err(CatalogError::NotFound { .. } | CatalogError::NoDigest { .. }), Err(mistake)) => Err(mistake),
        (Err(error), _) => Err(CommandError::new(error.to_string())),
    }
}

/// The image that a container is to be made of: one that is here, or the name of one to pull.
pub(crate) fn find_or_name(engine: &ConfiguredEngine, text: &str) -> Result<Reference, CommandError> {
    match engine.find_image(text) {
        Err(CatalogError::NotFound { .. } | CatalogError::NoDigest { .. }) => reference(engine, text),
        found => found.map_err(|error| CommandError::new(error.to_string())),
    }
}

/// All images that are meant; names everything that is not here.
pub(crate) fn find_all(engine: &ConfiguredEngine, texts: &[String]) -> Result<Vec<Reference>, CommandError> {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for text in texts {
        match find(engine, text) {
            Ok(reference) => found.push(reference),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(found)
    } else {
        Err(CommandError::joined(&errors))
    }
}
