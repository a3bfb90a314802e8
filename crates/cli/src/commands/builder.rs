//! The builder of other tools, which is not needed here, and the cache of builds.

mod delete;
mod df;
mod filter;
mod prune;
mod records;
mod start;
mod status;
mod stop;

use clap::Subcommand;

use crate::error::CommandError;
use crate::output;
pub(crate) use records::{record_object, records_table};

/// Manage the cache of builds; builds need no builder
#[derive(Debug, Subcommand)]
pub(crate) enum BuilderCommand {
    Start(start::Start),
    Status(status::Status),
    Stop(stop::Stop),
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    #[command(visible_alias = "du")]
    Df(df::Df),
    Prune(prune::Prune),
}

impl BuilderCommand {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        match self {
            Self::Start(start) => start.run(),
            Self::Status(status) => status.run(),
            Self::Stop(stop) => stop.run(),
            Self::Delete(delete) => delete.run(),
            Self::Df(df) => df.run().await,
            Self::Prune(prune) => prune.run().await,
        }
    }
}

/// Says why there is nothing to be done.
fn say_why(what: &str) {
    output::note(&format!(
        "{what}: there is no builder, and none is needed. Each build has machines of its own, which end with it"
    ));
}
