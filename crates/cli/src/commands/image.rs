//! Images.

mod delete;
mod inspect;
mod list;
mod load;
mod pull;
mod push;
mod save;
mod tag;
mod view;

use clap::Subcommand;

use crate::error::CommandError;

/// Manage images
#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    Inspect(inspect::Inspect),
    #[command(visible_alias = "ls")]
    List(list::List),
    Load(load::Load),
    Pull(pull::Pull),
    Push(push::Push),
    Save(save::Save),
    Tag(tag::Tag),
}

impl ImageCommand {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        match self {
            Self::Delete(delete) => delete.run().await,
            Self::Inspect(inspect) => inspect.run(),
            Self::List(list) => list.run(),
            Self::Load(load) => load.run().await,
            Self::Pull(pull) => pull.run().await,
            Self::Push(push) => push.run().await,
            Self::Save(save) => save.run().await,
            Self::Tag(tag) => tag.run(),
        }
    }
}
