//! `container system autostart enable`.

use clap::Args;
use container_engine::Engine;

use crate::error::CommandError;
use crate::output;

/// Have containers with a restart policy started together with the host
///
/// Makes a unit of your systemd (on macOS an agent of launchd) that starts them; there is no daemon. When the host goes down, the unit (not the agent)
/// asks all containers to end. It keeps the variables of this command
/// that say where containers and QEMU are: enable it again when they, or the place of this program, change. Prints the path of the unit.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  container system autostart enable && loginctl enable-linger")]
pub(crate) struct Enable {}

impl Enable {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let enabled = Engine::open()?.enable_autostart().await?;
        output::line(&enabled.path.display().to_string())?;
        if enabled.can_linger {
            output::note(
                "Containers start when you log in, and end when your last session ends. To have them run from the boot on: loginctl enable-linger",
            );
        }
        Ok(0)
    }
}
