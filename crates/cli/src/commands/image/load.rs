//! `container image load`.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::Args;
use container_engine::{Engine, ImageError, ImageErrorKind, LoadRequest, LoadSource};

use crate::arguments::ProgressFlags;
use crate::error::{self, CommandError, cannot};
use crate::images::Shown;
use crate::output;
use crate::session::Signals;

/// Load the images of an archive, and print their names
///
/// An archive is an OCI layout, as a tar file or a directory, or what `docker save` writes, compressed or not.
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// Archive or directory; standard input otherwise
    #[arg(short, long, value_name = "PATH")]
    input: Option<PathBuf>,

    /// Leave out members with unsafe names instead of refusing the archive
    #[arg(short, long)]
    force: bool,

    /// Show no progress
    #[arg(short, long, conflicts_with = "progress")]
    quiet: bool,

    #[command(flatten)]
    progress: ProgressFlags,
}

impl Load {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let shown = Shown::new(self.progress.show_unless(self.quiet));
        let origin = match &self.input {
            Some(path) => path.display().to_string(),
            None => "standard input".to_owned(),
        };
        let source = match self.input {
            Some(path) => {
                let file = fs::metadata(&path).ok().filter(fs::Metadata::is_file);
                shown.reads_archive(file.map(|file| file.len()));
                LoadSource::Path(path)
            }
            None if container_terminal::is_terminal(io::stdin()) => {
                return Err(CommandError::usage(
                    "an archive is needed, on standard input or with --input",
                ));
            }
            None => {
                shown.reads_archive(None);
                LoadSource::Stream(Box::new(io::stdin()))
            }
        };
        let request = LoadRequest {
            source,
            skips_unsafe_members: self.force,
        };
        let mut signals = Signals::listen()?;
        let loaded = signals
            .or_end(async {
                let loaded = engine.load_images(request, &shown).await;
                for name in shown.end() {
                    error::warn(format_args!("left out the member with the unsafe name {name:?}"));
                }
                loaded.map_err(|error| explain(&origin, error))
            })
            .await?;
        for image in loaded {
            output::line(&image.reference.to_string())?;
        }
        Ok(0)
    }
}

/// A message about the archive says which archive it was.
fn explain(origin: &str, error: ImageError) -> CommandError {
    match error.kind() {
        ImageErrorKind::Archive => cannot(format!("load {origin}"), error),
        _ => error.into(),
    }
}
