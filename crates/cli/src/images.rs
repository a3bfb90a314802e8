//! What several commands do with images: find those that are meant, show progress and digests.

mod shown;

use container_engine::ConfiguredEngine;
use container_oci::{Digest, Reference};

pub(crate) use shown::Shown;

use crate::error::CommandError;

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

/// All images that are meant; names everything that is not here.
pub(crate) fn find_all(engine: &ConfiguredEngine, texts: &[String]) -> Result<Vec<Reference>, CommandError> {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for text in texts {
        match engine.find_image(text) {
            Ok(reference) => found.push(reference),
            Err(error) => errors.push(error.into()),
        }
    }
    if errors.is_empty() {
        Ok(found)
    } else {
        Err(CommandError::joined(&errors))
    }
}
