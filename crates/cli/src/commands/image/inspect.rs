//! `container image inspect`.

use clap::Args;
use container_engine::Engine;

use super::view::image_json;
use crate::error::{CommandError, cannot};
use crate::images;
use crate::output::InspectFlags;

/// Show everything about images, as JSON
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Images
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,

    #[command(flatten)]
    output: InspectFlags,
}

impl Inspect {
    /// Of these images.
    pub(crate) fn new(images: Vec<String>, output: InspectFlags) -> Self {
        Self { images, output }
    }

    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let references = images::find_all(&engine, &self.images)?;
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        for reference in &references {
            match engine.inspect_image(reference) {
                Ok(image) => found.push(image_json(&image)),
                Err(error) => errors.push(cannot(format!("inspect image {}", engine.familiar(reference)), error)),
            }
        }
        if !errors.is_empty() {
            return Err(CommandError::joined(&errors));
        }
        self.output.print(found)?;
        Ok(0)
    }
}
