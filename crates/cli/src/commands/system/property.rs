//! The settings.

mod list;

use clap::Subcommand;

use crate::error::CommandError;

/// Show the settings
#[derive(Debug, Subcommand)]
pub(crate) enum PropertyCommand {
    #[command(visible_alias = "ls")]
    List(list::List),
}

impl PropertyCommand {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        match self {
            Self::List(list) => list.run(),
        }
    }
}
