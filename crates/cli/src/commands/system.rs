//! The system: what this program runs on.

mod autostart;
mod df;
mod dns;
mod kernel;
mod logs;
mod property;
mod prune;
mod start;
pub(crate) mod status;
mod stop;
pub(crate) mod version;

use clap::Subcommand;

use crate::commands::container::events::Events;
use crate::error::CommandError;

/// Show and change what containers run on
#[derive(Debug, Subcommand)]
pub(crate) enum SystemCommand {
    Df(df::Df),
    /// Show what happens to containers, images, volumes and networks, as events does
    Events(Events),
    Logs(logs::Logs),
    Prune(prune::Prune),
    Start(start::Start),
    Stop(stop::Stop),
    Status(status::Status),
    Version(version::Version),
    #[command(subcommand)]
    Autostart(autostart::AutostartCommand),
    #[command(subcommand)]
    Dns(dns::DnsCommand),
    #[command(subcommand)]
    Kernel(kernel::KernelCommand),
    #[command(subcommand)]
    Property(property::PropertyCommand),
}

impl SystemCommand {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        match self {
            Self::Df(df) => df.run().await,
            Self::Events(events) => events.run().await,
            Self::Logs(logs) => logs.run().await,
            Self::Prune(prune) => prune.run().await,
            Self::Start(start) => start.run(),
            Self::Stop(stop) => stop.run().await,
            Self::Status(status) => status.run().await,
            Self::Version(version) => version.run(),
            Self::Autostart(autostart) => autostart.run().await,
            Self::Dns(dns) => dns.run(),
            Self::Kernel(kernel) => kernel.run(),
            Self::Property(property) => property.run(),
        }
    }
}
