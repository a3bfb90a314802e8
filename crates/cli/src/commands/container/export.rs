//! `container export`.

use std::io;
use std::path::PathBuf;

use clap::Args;
use container_engine::{Engine, ExportTarget};
use container_model::ContainerQuery;

use crate::error::CommandError;
use crate::output::ArchiveReader;
use crate::session::Signals;

/// Write the root file system of a container as a tar
///
/// What is mounted in it is left out. A running container is seen as it is at one moment; it waits while its disk is copied for that.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// File to write; it appears when it is complete. Standard output otherwise
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Container
    container: ContainerQuery,
}

impl Export {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        if self.output.is_none() && container_terminal::is_terminal(io::stdout()) {
            return Err(
                CommandError::usage("an archive is not written to a terminal").with_hint("--output FILE, or a pipe")
            );
        }
        let engine = Engine::open()?;
        let id = engine.find(&self.container)?;
        let reader = ArchiveReader::default();
        let target = match self.output {
            Some(path) => ExportTarget::Path(path),
            None => ExportTarget::Stream(reader.stream()),
        };
        let mut signals = Signals::listen()?;
        let exported = signals.or_end(engine.export(&id, target)).await;
        exported.map_err(|error| reader.verdict(error))?;
        Ok(0)
    }
}
