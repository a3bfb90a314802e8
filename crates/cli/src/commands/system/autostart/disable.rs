//! `container system autostart disable`.

use clap::Args;
use container_engine::Engine;

use crate::error::CommandError;
use crate::output;

/// End that containers start together with the host; those that run go on
///
/// Removes what enable has made, and prints its path.
#[derive(Debug, Args)]
pub(crate) struct Disable {}

impl Disable {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        if let Some(path) = Engine::open()?.disable_autostart().await? {
            output::line(&path.display().to_string())?;
        }
        Ok(0)
    }
}
