//! `container registry logout`.

use clap::Args;
use container_engine::{Engine, KeyringFailure, RemovedLogin};

use super::server::registry;
use crate::error::{CommandError, warn};
use crate::output;

/// Forget the login at a registry
#[derive(Debug, Args)]
pub(crate) struct Logout {
    /// Registry, for example ghcr.io; that of short image names otherwise
    server: Option<String>,
}

impl Logout {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let host = registry(&engine, self.server.as_deref())?;
        if let RemovedLogin::PasswordLeft(KeyringFailure { keyring, reason }) = engine.logout(host.clone()).await? {
            warn(format_args!(
                "the login is forgotten, but its password is left behind: {keyring} cannot be used: {reason}"
            ));
        }
        output::line(host.as_str())?;
        Ok(0)
    }
}
