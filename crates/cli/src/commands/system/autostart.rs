//! Containers that start together with the host.

mod disable;
mod enable;
mod end;
mod run;
mod status;
mod tell;

use clap::Subcommand;

use crate::error::CommandError;

/// Have containers with a restart policy started together with the host
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  container run -d --name web --restart unless-stopped my/server\n  container system autostart enable"
)]
pub(crate) enum AutostartCommand {
    Enable(enable::Enable),
    Disable(disable::Disable),
    Status(status::Status),
    #[command(hide = true)]
    Run(run::Run),
    #[command(hide = true)]
    End(end::End),
}

impl AutostartCommand {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        match self {
            Self::Enable(enable) => enable.run().await,
            Self::Disable(disable) => disable.run().await,
            Self::Status(status) => status.run(),
            Self::Run(run) => run.run().await,
            Self::End(end) => end.run().await,
        }
    }
}
