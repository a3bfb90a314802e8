//! The system: what this program runs on.

mod autostart;
mod df;
mod dns;
mod kernel;
mod property;
mod start;
mod status;
mod stop;
mod version;

use clap::Subcommand;

use crate::commands::container::events::Events;
use crate::error::CommandError;

/// Show and change what containers run on
#[derive(Debug, Subcommand)]
pub(crate) enum SystemCommand {
    Df(df::Df),
    /// Show what happens to containers, images, volumes and networks, as events does
    Events(Events),
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
