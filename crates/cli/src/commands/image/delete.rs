//! `container image delete`.

use clap::Args;
use container_engine::Engine;
use container_engine::image::CatalogError;

use crate::error::{CommandError, cannot};
use crate::images;
use crate::output;

/// Delete images
///
/// Containers that were made from them keep what they need.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Delete all images
    #[arg(short, long, conflicts_with = "references")]
    all: bool,

    /// Ignore images that are not here
    #[arg(short, long)]
    force: bool,

    /// Images
    #[arg(required_unless_present = "all", value_name = "IMAGE")]
    references: Vec<String>,
}

impl Delete {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let store = engine.images();
        let references = if self.all {
            let images = store.list().map_err(|error| cannot("list images", error))?;
            images.into_iter().map(|image| image.reference).collect()
        } else {
            self.references
                .iter()
                .map(|text| images::reference(&engine, text))
                .collect::<Result<Vec<_>, _>>()?
        };
        let mut errors = Vec::new();
        for reference in references {
            match store.delete(&reference) {
                Ok(_) => output::line(&reference.to_string())?,
                Err(CatalogError::NotFound { .. }) if self.force => {}
                Err(error) => errors.push(cannot(format!("delete image {}", reference.familiar()), error)),
            }
        }
        if errors.is_empty() {
            Ok(0)
        } else {
            Err(CommandError::joined(&errors))
        }
    }
}
