//! Logins at image registries.

mod list;
pub(crate) mod login;
pub(crate) mod logout;
mod prompt;

use clap::Subcommand;
use container_engine::ConfiguredEngine;
use container_oci::RegistryHost;

use crate::error::CommandError;

/// Manage logins at image registries
#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    Login(login::Login),
    Logout(logout::Logout),
    #[command(visible_alias = "ls")]
    List(list::List),
}

impl RegistryCommand {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        match self {
            Self::Login(login) => login.run().await,
            Self::Logout(logout) => logout.run().await,
            Self::List(list) => list.run(),
        }
    }
}

/// The registry that a command line names; that of short image names when it names none.
fn registry(engine: &ConfiguredEngine, server: Option<&str>) -> Result<RegistryHost, CommandError> {
    match server {
        Some(server) => RegistryHost::from_address(server).map_err(|error| CommandError::usage(format!("{error}"))),
        None => Ok(engine.default_registry().clone()),
    }
}
