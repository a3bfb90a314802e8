//! `container network delete`.

use clap::Args;
use container_engine::{Engine, FailureClass, NetworkView};
use container_model::NetworkName;

use crate::error::CommandError;
use crate::output;

/// Delete networks that no container uses, and print their names
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Delete all networks but the default one
    #[arg(short, long, conflicts_with = "networks")]
    all: bool,

    /// Those that are not there are no error, as in Docker; used ones are
    #[arg(short, long)]
    force: bool,

    /// Networks
    #[arg(required_unless_present = "all", value_name = "NETWORK")]
    networks: Vec<NetworkName>,
}

impl Delete {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let names = match self.all {
            true => others_than_default(engine.clone().configured()?.networks()?),
            false => self.networks,
        };
        let mut errors = Vec::new();
        for name in &names {
            match engine.delete_network(name) {
                Ok(()) => output::line(name.as_str())?,
                Err(error) if self.force && error.class() == FailureClass::NotFound => {}
                Err(error) => errors.push(CommandError::from(error)),
            }
        }
        match errors.len() {
            0 => Ok(0),
            _ => Err(CommandError::joined(&errors)),
        }
    }
}

fn others_than_default(networks: Vec<NetworkView>) -> Vec<NetworkName> {
    let names = networks.into_iter().map(|network| network.config.name);
    names.filter(|name| !name.is_default()).collect()
}
