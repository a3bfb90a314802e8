//! `container builder delete`.

use clap::Args;

use super::say_why;
use crate::error::CommandError;

/// Do nothing: builds need no builder
///
/// What builds keep for later ones is deleted by prune.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Without effect
    #[arg(short, long)]
    force: bool,
}

impl Delete {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        say_why("nothing deleted");
        Ok(0)
    }
}
