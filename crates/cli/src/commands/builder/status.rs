//! `container builder status`.

use clap::Args;

use super::say_why;
use crate::error::CommandError;
use crate::output::{ListFlags, Listing, Rows};

/// Say that there is no builder: builds need none
#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    list: ListFlags,
}

impl Status {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        // In a machine's format, and with --quiet, that is an empty list.
        self.list.print(Listing {
            identifiers: Vec::new,
            objects: Vec::new,
            rows: Rows::default,
            table: || "builder is not running\n".to_owned(),
        })?;
        say_why("nothing to show");
        Ok(0)
    }
}
