//! Volumes.

mod create;
mod delete;
pub(crate) mod inspect;
mod list;
mod prune;
mod view;

use clap::Subcommand;

use crate::error::CommandError;

/// Manage volumes
#[derive(Debug, Subcommand)]
pub(crate) enum VolumeCommand {
    Create(create::Create),
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    Inspect(inspect::Inspect),
    #[command(visible_alias = "ls")]
    List(list::List),
    Prune(prune::Prune),
}

impl VolumeCommand {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        match self {
            Self::Create(create) => create.run(),
            Self::Delete(delete) => delete.run(),
            Self::Inspect(inspect) => inspect.run(),
            Self::List(list) => list.run(),
            Self::Prune(prune) => prune.run(),
        }
    }
}
