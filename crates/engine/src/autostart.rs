//! Containers that start together with the host.
//!
//! There is no daemon that could start them. A unit of the user's systemd, or an agent of launchd on macOS, runs this program once, which starts
//! the containers whose restart policy says so, and ends.

mod at_boot;
mod changes;
mod host;
mod job;
mod launchd;
mod place;
mod rule;
mod status;
mod systemd;
mod user_session;

pub use at_boot::StartAtBoot;
pub use changes::EnabledAutostart;
pub use job::AUTOSTART_COMMAND;
pub use rule::StaysStopped;
pub use status::{AutostartStatus, AutostartUnit, ContainerAtBoot};
