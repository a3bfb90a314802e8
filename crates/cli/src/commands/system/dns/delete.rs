//! `container system dns delete`.

use clap::Args;
use container_engine::Engine;

use crate::error::CommandError;
use crate::output;

/// Remove a domain, and print it
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Domain
    domain: String,
}

impl Delete {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        Engine::open()?.remove_domain(&self.domain)?;
        output::line(&self.domain)?;
        Ok(0)
    }
}
