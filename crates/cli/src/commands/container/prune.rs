//! `container prune`.

use clap::Args;
use container_engine::Engine;
use container_terminal::HumanSize;

use crate::error::{CommandError, cannot};
use crate::output;

/// Delete the containers that do not run, and print their names
///
/// Their volumes stay: volume prune deletes those.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  container prune")]
pub(crate) struct Prune {
    /// Accepted as in Docker: nothing is asked in any case
    #[arg(short, long)]
    force: bool,
}

impl Prune {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let pruned = Engine::open()?.prune_containers().await?;
        for id in &pruned.deleted {
            output::line(id.as_str())?;
        }
        output::note(&format!(
            "Reclaimed {} in disk space",
            HumanSize(pruned.reclaimed_bytes)
        ));
        let failed = pruned.failed.into_iter();
        let errors: Vec<_> = failed
            .map(|(id, error)| cannot(format!("delete container {id}"), error))
            .collect();
        match errors.len() {
            0 => Ok(0),
            _ => Err(CommandError::joined(&errors)),
        }
    }
}
