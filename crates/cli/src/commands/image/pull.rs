//! `container image pull`.

use clap::Args;
use container_engine::Engine;

use crate::arguments::{PlatformFlags, PullFlags};
use crate::error::CommandError;
use crate::images;
use crate::output;

/// Fetch an image from a registry
#[derive(Debug, Args)]
pub(crate) struct Pull {
    #[command(flatten)]
    platform: PlatformFlags,
    #[command(flatten)]
    pull: PullFlags,

    /// Image
    #[arg(value_name = "IMAGE")]
    reference: String,
}

impl Pull {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let reference = images::reference(&engine, &self.reference)?;
        let platform = self.platform.chosen()?;
        let pulled = images::pull(&engine, &reference, platform.as_ref(), &self.pull).await?;
        output::line(&pulled.reference.to_string())?;
        Ok(0)
    }
}
