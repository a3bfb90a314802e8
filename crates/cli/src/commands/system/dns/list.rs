//! `container system dns list`.

use clap::Args;
use container_engine::Engine;

use crate::error::CommandError;
use crate::output::{ListFlags, Listing, Rows, table};

/// List domains
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    output: ListFlags,
}

impl List {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let domains = Engine::open()?.domains()?;
        self.output.print(Listing {
            identifiers: || domains.clone(),
            objects: || domains.iter().map(|domain| domain.as_str().into()).collect(),
            rows: || Rows::new([("Domain", "DOMAIN")], domains.iter().map(|domain| [domain.clone()])),
            table: || {
                let rows: Vec<_> = domains.iter().map(|domain| [domain.clone()]).collect();
                table(["DOMAIN"], &rows)
            },
        })?;
        Ok(0)
    }
}
