//! `container network inspect`.

use clap::Args;
use container_engine::Engine;
use container_model::NetworkName;

use super::activity::add_activity;
use super::view::network_json;
use crate::error::CommandError;
use crate::output::{self, InspectFlags};

/// Show everything about networks, as JSON
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Networks
    #[arg(required = true, value_name = "NETWORK")]
    networks: Vec<NetworkName>,

    #[command(flatten)]
    output: InspectFlags,
}

impl Inspect {
    /// Of these networks.
    ///
    /// # Errors
    /// When one of them is no name.
    pub(crate) fn new(names: &[String], output: InspectFlags) -> Result<Self, CommandError> {
        let names = names.iter().map(|name| name.parse());
        let networks = names.collect::<Result<Vec<NetworkName>, _>>();
        Ok(Self {
            networks: networks.map_err(|error| CommandError::usage(error.to_string()))?,
            output,
        })
    }

    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        for name in &self.networks {
            match engine.network(name) {
                Ok(network) => {
                    let mut shown = network_json(&network);
                    match engine.network_activity(name) {
                        Ok(activity) => add_activity(&mut shown, activity.as_ref()),
                        // What the network is asked to be is worth showing all the same.
                        Err(error) => output::note(&format!("Warning: {error}")),
                    }
                    found.push(shown);
                }
                Err(error) => errors.push(error.into()),
            }
        }
        if !errors.is_empty() {
            return Err(CommandError::joined(&errors));
        }
        self.output.print(found)?;
        Ok(0)
    }
}
