//! The hidden sub-command that the process of every network is: the same program, so that one signature covers it.

use std::process::ExitCode;

use clap::Args;
use container_model::NetworkName;

use crate::error::CommandError;

/// Be the switch of one network for as long as containers use it
#[derive(Debug, Args)]
pub(crate) struct Switch {
    /// The network
    network: NetworkName,
}

impl Switch {
    /// Becomes the process of the network.
    pub(crate) fn run(self) -> ExitCode {
        container_engine::serve_network(&self.network).unwrap_or_else(|error| CommandError::from(error).report())
    }
}
