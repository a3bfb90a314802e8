//! Logins at image registries.

mod list;
pub(crate) mod login;
pub(crate) mod logout;
mod prompt;
mod server;

use clap::Subcommand;

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
