//! `container system stop`: for scripts that end with it. There is no service, but containers may run.

use clap::Args;

use crate::commands::container::stop;
use crate::error::CommandError;

/// Stop all running containers; there is no service to stop
#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// Accepted for scripts: there are no services whose names could begin with it
    #[arg(short, long, hide = true)]
    prefix: Option<String>,
}

impl Stop {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        stop::Stop::every_container().run().await
    }
}
