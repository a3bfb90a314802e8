//! `container network list`.

use clap::Args;
use container_engine::Engine;

use super::view::network_json;
use crate::error::CommandError;
use crate::output::{ListFlags, Listing, table};

/// List networks
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    output: ListFlags,
}

impl List {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let networks = Engine::open()?.configured()?.networks()?;
        let configs = || networks.iter().map(|network| &network.config);
        self.output.print(Listing {
            identifiers: || configs().map(|config| config.name.to_string()).collect(),
            objects: || networks.iter().map(network_json).collect(),
            table: || {
                let rows = configs().map(|config| [config.name.to_string(), config.ipv4_subnet.to_string()]);
                table(["NETWORK", "SUBNET"], &rows.collect::<Vec<_>>())
            },
        })?;
        Ok(0)
    }
}
