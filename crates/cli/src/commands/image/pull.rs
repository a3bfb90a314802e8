//! `container image pull`.

use clap::Args;
use container_engine::{Engine, PullRequest};

use crate::arguments::{PullFlags, SelectionFlags};
use crate::error::CommandError;
use crate::images::{self, Shown};
use crate::output;
use crate::session::Signals;

/// Fetch an image from a registry, and print its name
///
/// Without a platform that is the image for this machine. An interrupted pull goes on where it stopped when it is made again.
#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// Show no progress
    #[arg(short, long, conflicts_with = "progress")]
    quiet: bool,

    /// Image
    #[arg(value_name = "IMAGE")]
    reference: String,

    #[command(flatten)]
    pull: PullFlags,
    #[command(flatten)]
    selection: SelectionFlags,
}

impl Pull {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let reference = images::reference(&engine, &self.reference)?;
        let request = PullRequest {
            image: reference,
            platforms: self.selection.choice()?,
            options: self.pull.options(),
        };
        let shown = Shown::new(self.pull.progress.show_unless(self.quiet));
        let mut signals = Signals::listen()?;
        let pulled = signals
            .or_end(async {
                let pulled = engine.pull_image(request, &shown).await;
                drop(shown);
                pulled
            })
            .await?;
        output::line(&pulled.reference.to_string())?;
        Ok(0)
    }
}
