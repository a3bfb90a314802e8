//! `container system autostart run`: what the unit runs when the host has booted.

use clap::Args;
use container_engine::{Engine, StartAtBoot};

use super::tell::Told;
use crate::error::CommandError;

/// Start the containers that start together with the host
#[derive(Debug, Args)]
pub(crate) struct Run {}

impl Run {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let mut told = Told::new("start");
        let tell = |StartAtBoot { id, result }: StartAtBoot| told.add(&id, result);
        Engine::open()?.start_at_boot(tell).await?;
        told.result()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use container_engine::AUTOSTART_COMMAND;

    use super::super::AutostartCommand;
    use crate::command_line::{Command, CommandLine};
    use crate::commands::system::SystemCommand;

    #[test]
    fn the_command_of_the_unit_is_this_one() {
        let words = ["container"].iter().chain(&AUTOSTART_COMMAND);
        let command = CommandLine::try_parse_from(words).unwrap().command;
        let is_this = matches!(
            command,
            Some(Command::System(SystemCommand::Autostart(AutostartCommand::Run(_))))
        );
        assert!(is_this);
    }
}
