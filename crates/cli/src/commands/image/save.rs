//! `container image save`.

use std::io;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use container_engine::{Engine, SaveFormat, SaveRequest, SaveTarget};

use crate::arguments::{ProgressFlags, SelectionFlags};
use crate::error::CommandError;
use crate::images::{self, Shown};
use crate::output;
use crate::session::Signals;

/// Write images into one archive, and print their names
///
/// Without --output the archive goes to standard output and the names to standard error. Without a platform an image is saved whole, if
/// all of it is here, else what of it is here.
#[derive(Debug, Args)]
pub(crate) struct Save {
    /// Images
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,

    /// File or directory to write; it appears when it is complete
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Form of the archive
    #[arg(long, value_enum, default_value_t)]
    format: FormatFlag,

    #[command(flatten)]
    progress: ProgressFlags,
    #[command(flatten)]
    selection: SelectionFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum FormatFlag {
    /// An OCI layout as a tar file, which Docker reads as well
    #[default]
    OciArchive,
    /// An OCI layout as a directory
    OciDir,
    /// What older versions of Docker read; one platform an image
    DockerArchive,
}

impl FormatFlag {
    fn format(self) -> SaveFormat {
        match self {
            Self::OciArchive => SaveFormat::OciArchive,
            Self::OciDir => SaveFormat::OciDirectory,
            Self::DockerArchive => SaveFormat::DockerArchive,
        }
    }
}

impl Save {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let to_stdout = self.output.is_none();
        if to_stdout && self.format == FormatFlag::OciDir {
            return Err(CommandError::usage("a directory needs a path").with_hint("--output DIRECTORY"));
        }
        if to_stdout && container_terminal::is_terminal(io::stdout()) {
            return Err(
                CommandError::usage("an archive is not written to a terminal").with_hint("--output FILE, or a pipe")
            );
        }
        let platforms = self.selection.choice()?;
        let engine = Engine::open()?.configured()?;
        let reader = output::ArchiveReader::default();
        let request = SaveRequest {
            images: images::find_all(&engine, &self.images)?,
            platforms,
            format: self.format.format(),
            target: match self.output {
                Some(path) => SaveTarget::Path(path),
                None => SaveTarget::Stream(reader.stream()),
            },
        };
        let shown = Shown::new(self.progress.show());
        let mut signals = Signals::listen()?;
        let saved = signals
            .or_end(async {
                let saved = engine.save_images(request, &shown).await;
                drop(shown);
                saved
            })
            .await
            .map_err(|error| reader.verdict(error))?;
        for image in saved {
            let name = image.reference.to_string();
            if to_stdout {
                output::note(&name);
            } else {
                output::line(&name)?;
            }
        }
        Ok(0)
    }
}
