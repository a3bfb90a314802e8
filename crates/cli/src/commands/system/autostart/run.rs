//! `container system autostart run`: what the unit starts.

use clap::Args;
use container_engine::{Engine, StartAtBoot};
use container_model::exit_code;

use crate::error::CommandError;
use crate::output;

/// Start the containers that start together with the host
#[derive(Debug, Args)]
pub(crate) struct Run {}

impl Run {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let mut errors = Vec::new();
        let tell = |StartAtBoot { id, result }: StartAtBoot| match result {
            // Where nobody reads it, containers start all the same.
            Ok(()) => drop(output::line(id.as_str())),
            Err(error) => {
                let hint = error.hint();
                let told = CommandError::new(format!("cannot start container {id}: {error}"));
                errors.push(match hint {
                    Some(hint) => told.with_hint(hint),
                    None => told,
                });
            }
        };
        Engine::open()?.start_at_boot(tell).await?;
        match errors.is_empty() {
            true => Ok(0),
            false => Err(CommandError::joined(&errors).with_code(exit_code::FAILURE)),
        }
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
