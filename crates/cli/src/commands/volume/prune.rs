//! `container volume prune`.

use clap::Args;
use container_engine::{Engine, VolumePruneScope};
use container_terminal::HumanSize;

use crate::error::{CommandError, cannot};
use crate::output;

/// Delete the volumes that no container uses, with what is on them, and print their names
///
/// Volumes with a name go as well, as with Apple's tool. Those without one alone: container system prune --volumes.
#[derive(Debug, Args)]
pub(crate) struct Prune {}

impl Prune {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let pruned = Engine::open()?.prune_volumes(VolumePruneScope::All)?;
        for name in &pruned.deleted {
            output::line(name.as_str())?;
        }
        output::note(&format!(
            "Reclaimed {} in disk space",
            HumanSize(pruned.reclaimed_bytes)
        ));
        let failed = pruned.failed.into_iter();
        let errors: Vec<_> = failed
            .map(|(name, error)| cannot(format!("delete volume {name}"), error))
            .collect();
        match errors.len() {
            0 => Ok(0),
            _ => Err(CommandError::joined(&errors)),
        }
    }
}
