//! `container image push`.

use clap::Args;
use container_engine::{Engine, PushRequest};

use crate::arguments::{ProgressFlags, SchemeFlags, SelectionFlags};
use crate::error::CommandError;
use crate::images::Shown;
use crate::output;
use crate::session::Signals;

/// Send an image to the registry in its name, and print the name
///
/// Without a platform that is everything the image consists of, if all of it is here. The digest of what the name points at in the
/// registry goes to standard error.
#[derive(Debug, Args)]
pub(crate) struct Push {
    /// Image
    #[arg(value_name = "IMAGE")]
    image: String,

    /// Show no progress
    #[arg(short, long, conflicts_with = "progress")]
    quiet: bool,

    #[command(flatten)]
    scheme: SchemeFlags,
    #[command(flatten)]
    progress: ProgressFlags,
    #[command(flatten)]
    selection: SelectionFlags,
}

impl Push {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let request = PushRequest {
            by_digest: false,
            image: engine.find_image(&self.image)?,
            platforms: self.selection.choice()?,
            scheme: self.scheme.scheme(),
        };
        let shown = Shown::new(self.progress.show_unless(self.quiet));
        let mut signals = Signals::listen()?;
        let pushed = signals
            .or_end(async {
                let pushed = engine.push_image(request, &shown).await;
                drop(shown);
                pushed
            })
            .await?;
        output::line(&pushed.reference.to_string())?;
        if !self.quiet {
            output::note(&format!("digest: {}", pushed.digest));
        }
        Ok(0)
    }
}
