//! Domains under which containers find each other.

mod create;
mod delete;
mod list;

use clap::Subcommand;

use crate::error::CommandError;

/// Manage domains under which containers find each other
#[derive(Debug, Subcommand)]
pub(crate) enum DnsCommand {
    Create(create::Create),
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    #[command(visible_alias = "ls")]
    List(list::List),
}

impl DnsCommand {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        match self {
            Self::Create(create) => create.run(),
            Self::Delete(delete) => delete.run(),
            Self::List(list) => list.run(),
        }
    }
}
