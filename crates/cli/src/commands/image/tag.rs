//! `container image tag`.

use clap::Args;
use container_engine::Engine;

use crate::error::{CommandError, cannot};
use crate::images;
use crate::output;

/// Give an image another name, and print it
///
/// An image that had the name before is left without one; `image prune` deletes it.
#[derive(Debug, Args)]
pub(crate) struct Tag {
    /// Image
    #[arg(value_name = "IMAGE")]
    source: String,

    /// Its new name
    #[arg(value_name = "NAME")]
    target: String,
}

impl Tag {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let target = images::reference(&engine, &self.target)?;
        if target.digest().is_some() {
            let reason = "a digest is no name that can be given; write NAME or NAME:TAG";
            return Err(CommandError::usage(format!("{}: {reason}", self.target)));
        }
        let source = engine.find_image(&self.source)?;
        engine
            .tag_image(&source, &target)
            .map_err(|error| cannot(format!("tag image {}", self.source), error))?;
        output::line(&target.to_string())?;
        Ok(0)
    }
}
