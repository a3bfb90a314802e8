//! Containers that start together with the host, and are asked to end when it goes down.
//!
//! There is no daemon that could do that. A unit of the user's systemd, or an agent of launchd on macOS, runs this program once, which starts
//! the containers whose restart policy says so, and ends. When the host goes down, the unit runs it again, which ends all that run. launchd has no
//! such command: it only tells a program that is still there.

mod at_boot;
mod at_end;
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
pub use at_end::EndWithHost;
pub use changes::EnabledAutostart;
pub use job::{AUTOSTART_COMMAND, AUTOSTART_END_COMMAND};
pub use rule::StaysStopped;
pub use status::{AutostartStatus, AutostartUnit, ContainerAtBoot};
