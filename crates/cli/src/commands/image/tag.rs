//! `container image tag`.

use clap::Args;
use container_engine::Engine;

use crate::error::{CommandError, cannot};
use crate::images;
use crate::output;

/// Give an image another name
#[derive(Debug, Args)]
pub(crate) struct Tag {
    /// Image
    source: String,

    /// Its new name
    target: String,
}

impl Tag {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let source = images::reference(&engine, &self.source)?;
        let target = images::reference(&engine, &self.target)?;
        engine
            .images()
            .tag(&source, &target)
            .map_err(|error| cannot(format!("tag image {}", source.familiar()), error))?;
        output::line(&target.to_string())?;
        Ok(0)
    }
}
