//! `container builder stop`.

use clap::Args;

use super::say_why;
use crate::error::CommandError;

/// Do nothing: builds need no builder
#[derive(Debug, Args)]
pub(crate) struct Stop {}

impl Stop {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        say_why("nothing stopped");
        Ok(0)
    }
}
