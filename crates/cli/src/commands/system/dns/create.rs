//! `container system dns create`.

use std::net::IpAddr;

use clap::Args;
use container_engine::Engine;

use crate::error::CommandError;
use crate::output;

/// Add a domain under which containers find each other as <name>.<domain>, and print it
///
/// This host itself does not: its resolver can be changed by root only, and is left alone.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Accepted for scripts: without it containers reach this host's loopback as host.container.internal
    #[arg(long, value_name = "ADDRESS")]
    localhost: Option<IpAddr>,

    /// Domain, for example test
    domain: String,
}

impl Create {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        Engine::open()?.add_domain(&self.domain)?;
        output::note("This host's own resolver is not changed: the names are known in containers only");
        if let Some(address) = self.localhost {
            output::note(&format!(
                "{address} does not lead to this host's loopback: host.container.internal does, in every container"
            ));
        }
        output::line(&self.domain)?;
        Ok(0)
    }
}
