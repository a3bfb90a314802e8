//! `container network inspect`.

use clap::Args;
use container_engine::Engine;
use container_model::NetworkName;

use super::view::network_json;
use crate::error::CommandError;
use crate::output;

/// Show everything about networks, as JSON
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Networks
    #[arg(required = true, value_name = "NETWORK")]
    networks: Vec<NetworkName>,
}

impl Inspect {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        for name in &self.networks {
            match engine.network(name) {
                Ok(network) => found.push(network_json(&network)),
                Err(error) => errors.push(error.into()),
            }
        }
        if !errors.is_empty() {
            return Err(CommandError::joined(&errors));
        }
        output::text(&output::pretty(found.into()))?;
        Ok(0)
    }
}
