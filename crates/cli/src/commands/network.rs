//! Networks.

mod activity;
mod capture;
mod connect;
mod create;
mod delete;
mod disconnect;
pub(crate) mod inspect;
mod list;
mod prune;
mod view;

use clap::Subcommand;

use crate::error::CommandError;

/// Manage networks
#[derive(Debug, Subcommand)]
pub(crate) enum NetworkCommand {
    Capture(capture::Capture),
    Connect(connect::Connect),
    Create(create::Create),
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    Disconnect(disconnect::Disconnect),
    Inspect(inspect::Inspect),
    #[command(visible_alias = "ls")]
    List(list::List),
    Prune(prune::Prune),
}

impl NetworkCommand {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        match self {
            Self::Capture(capture) => capture.run().await,
            Self::Connect(connect) => connect.run().await,
            Self::Create(create) => create.run(),
            Self::Delete(delete) => delete.run(),
            Self::Disconnect(disconnect) => disconnect.run().await,
            Self::Inspect(inspect) => inspect.run(),
            Self::List(list) => list.run(),
            Self::Prune(prune) => prune.run(),
        }
    }
}
