//! `container image load`.

use std::io;
use std::path::PathBuf;

use clap::Args;
use container_engine::Engine;
use container_engine::image::{LoadOptions, LoadSource};

use crate::arguments::ProgressFlags;
use crate::error::CommandError;
use crate::images::Shown;
use crate::output;

/// Load images from an archive: an OCI layout or what `docker save` writes
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// Archive; standard input otherwise
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,

    #[command(flatten)]
    progress: ProgressFlags,
}

impl Load {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let source = match self.input {
            Some(path) => LoadSource::Path(path),
            None if container_terminal::is_terminal(io::stdin()) => {
                return Err(CommandError::usage(
                    "an archive is needed, on standard input or with --input",
                ));
            }
            None => LoadSource::Stream(Box::new(io::stdin())),
        };
        let shown = Shown::new(self.progress.show());
        let loaded = engine.images().load(source, &LoadOptions::default(), &shown).await;
        drop(shown);
        for image in loaded.map_err(|error| CommandError::new(error.to_string()))? {
            output::line(&image.reference.to_string())?;
        }
        Ok(0)
    }
}
