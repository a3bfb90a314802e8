//! `container volume list`.

use clap::Args;
use container_engine::Engine;

use super::view::{DRIVER, volume_json};
use crate::error::CommandError;
use crate::output::{ListFlags, Listing, table};

/// List volumes
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    output: ListFlags,
}

impl List {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let volumes = Engine::open()?.volumes()?;
        let configs = || volumes.iter().map(|volume| &volume.config);
        self.output.print(Listing {
            identifiers: || configs().map(|config| config.name.to_string()).collect(),
            objects: || volumes.iter().map(volume_json).collect(),
            table: || {
                let rows = configs().map(|config| {
                    let options = config.options.iter().map(|(key, value)| format!("{key}={value}"));
                    [
                        config.name.to_string(),
                        if config.is_anonymous() { "anonymous" } else { "named" }.to_owned(),
                        DRIVER.to_owned(),
                        options.collect::<Vec<_>>().join(","),
                    ]
                });
                table(["NAME", "TYPE", "DRIVER", "OPTIONS"], &rows.collect::<Vec<_>>())
            },
        })?;
        Ok(0)
    }
}
