//! `container volume list`.

mod filter;

use clap::Args;
use container_engine::Engine;

use super::view::{DRIVER, volume_json, volume_rows};
use crate::arguments::Filter;
use crate::error::CommandError;
use crate::output::{ListFlags, Listing, table};

/// List volumes
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those with: name=PART, label=KEY[=VALUE], dangling=true|false, driver=NAME (several times)
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = filter::volume_filter)]
    filter: Vec<Filter>,

    #[command(flatten)]
    output: ListFlags,
}

impl List {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let mut volumes = Engine::open()?.volumes()?;
        volumes.retain(|volume| filter::passes(volume, &self.filter));
        let configs = || volumes.iter().map(|volume| &volume.config);
        self.output.print(Listing {
            identifiers: || configs().map(|config| config.name.to_string()).collect(),
            objects: || volumes.iter().map(volume_json).collect(),
            rows: || volume_rows(&volumes),
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
