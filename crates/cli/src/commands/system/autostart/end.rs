//! `container system autostart end`: what the unit runs when the host goes down.

use clap::Args;
use container_engine::{EndWithHost, Engine};

use super::tell::Told;
use crate::error::CommandError;

/// End all containers because the host goes down: ask politely, then kill
#[derive(Debug, Args)]
pub(crate) struct End {}

impl End {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let mut told = Told::new("end");
        let tell = |EndWithHost { id, result }: EndWithHost| told.add(&id, result);
        Engine::open()?.end_with_host_all(tell).await?;
        told.result()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use container_engine::AUTOSTART_END_COMMAND;

    use super::super::AutostartCommand;
    use crate::command_line::{Command, CommandLine};
    use crate::commands::system::SystemCommand;

    #[test]
    fn the_command_of_the_unit_is_this_one() {
        let words = ["container"].iter().chain(&AUTOSTART_END_COMMAND);
        let command = CommandLine::try_parse_from(words).unwrap().command;
        let is_this = matches!(
            command,
            Some(Command::System(SystemCommand::Autostart(AutostartCommand::End(_))))
        );
        assert!(is_this);
    }
}
