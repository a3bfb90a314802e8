//! `container network prune`.

use clap::Args;
use container_engine::Engine;

use crate::error::{CommandError, cannot};
use crate::output;

/// Delete the networks that no container uses, and print their names
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Accepted as in Docker: nothing is asked in any case
    #[arg(short, long)]
    force: bool,
}

impl Prune {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let pruned = Engine::open()?.configured()?.prune_networks()?;
        for name in &pruned.deleted {
            output::line(name.as_str())?;
        }
        let failed = pruned.failed.into_iter();
        let errors: Vec<_> = failed
            .map(|(name, error)| cannot(format!("delete network {name}"), error))
            .collect();
        match errors.len() {
            0 => Ok(0),
            _ => Err(CommandError::joined(&errors)),
        }
    }
}
