//! What several commands do with images: find those that are meant, and show progress.

mod shown;

use container_engine::ConfiguredEngine;
use container_oci::Reference;

pub(crate) use shown::Shown;

use crate::error::CommandError;

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
