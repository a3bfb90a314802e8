//! Images.

mod date;
pub(crate) mod delete;
pub(crate) mod history;
pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod prune;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod save;
pub(crate) mod tag;
mod view;

use clap::Subcommand;

use crate::error::CommandError;

/// Manage images
#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    History(history::History),
    Inspect(inspect::Inspect),
    #[command(visible_alias = "ls")]
    List(list::List),
    Load(load::Load),
    Prune(prune::Prune),
    Pull(pull::Pull),
    Push(push::Push),
    Save(save::Save),
    Tag(tag::Tag),
}

impl ImageCommand {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        match self {
            Self::Delete(delete) => delete.run().await,
            Self::History(history) => history.run(),
            Self::Inspect(inspect) => inspect.run(),
            Self::List(list) => list.run(),
            Self::Load(load) => load.run().await,
            Self::Prune(prune) => prune.run().await,
            Self::Pull(pull) => pull.run().await,
            Self::Push(push) => push.run().await,
            Self::Save(save) => save.run().await,
            Self::Tag(tag) => tag.run(),
        }
    }
}
