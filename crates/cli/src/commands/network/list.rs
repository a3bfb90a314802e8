//! `container network list`.

mod filter;

use clap::Args;
use container_engine::Engine;

use super::view::{network_json, network_rows};
use crate::arguments::Filter;
use crate::error::CommandError;
use crate::output::{ListFlags, Listing, table};

/// List networks
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those with: name=PART, id=BEGINNING, label=KEY[=VALUE], driver=NAME (several times)
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = filter::network_filter)]
    filter: Vec<Filter>,

    #[command(flatten)]
    output: ListFlags,
}

impl List {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let mut networks = Engine::open()?.configured()?.networks()?;
        networks.retain(|network| filter::passes(&network.config, &self.filter));
        let configs = || networks.iter().map(|network| &network.config);
        self.output.print(Listing {
            identifiers: || configs().map(|config| config.name.to_string()).collect(),
            objects: || networks.iter().map(network_json).collect(),
            rows: || network_rows(&networks),
            table: || {
                let rows = configs().map(|config| [config.name.to_string(), config.ipv4_subnet.to_string()]);
                table(["NETWORK", "SUBNET"], &rows.collect::<Vec<_>>())
            },
        })?;
        Ok(0)
    }
}
