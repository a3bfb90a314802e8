//! One folder a noun, one file a verb.

pub(crate) mod container;
pub(crate) mod image;
pub(crate) mod registry;
pub(crate) mod system;

use clap::CommandFactory;
use tokio::runtime::Builder;

use crate::arguments::{Command, CommandLine};
use crate::error::{CommandError, cannot};
use crate::output;

/// Runs a command; gives the exit code.
pub(crate) fn run(command_line: CommandLine) -> Result<u8, CommandError> {
    if let Some(shell) = command_line.generate_completion_script {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut CommandLine::command(), "container", &mut script);
        output::text(&String::from_utf8_lossy(&script))?;
        return Ok(0);
    }
    let Some(command) = command_line.command else {
        return Err(CommandError::usage("a command is needed").with_hint("container --help"));
    };
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| cannot("start", error))?;
    let result = runtime.block_on(dispatch(command));
    // A thread may still sit in a read of the terminal.
    runtime.shutdown_background();
    result
}

async fn dispatch(command: Command) -> Result<u8, CommandError> {
    match command {
        Command::Run(run) => run.run().await.map_err(CommandError::starting_a_program),
        Command::Create(create) => create.run().await,
        Command::Start(start) => start.run().await,
        Command::Stop(stop) => stop.run().await,
        Command::Kill(kill) => kill.run().await,
        Command::Delete(delete) => delete.run().await,
        Command::List(list) => list.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Logs(logs) => logs.run().await,
        Command::Exec(exec) => exec.run().await.map_err(CommandError::starting_a_program),
        Command::Image(image) => image.run().await,
        Command::Registry(registry) => registry.run().await,
        Command::Login(login) => login.run().await,
        Command::Logout(logout) => logout.run().await,
        Command::Pull(pull) => pull.run().await,
        Command::Push(push) => push.run().await,
        Command::Images(list) => list.run(),
        Command::Tag(tag) => tag.run(),
        Command::Rmi(delete) => delete.run().await,
        Command::System(system) => system.run().await,
        // The program becomes a launcher before it comes here.
        Command::Launcher(_) => Err(CommandError::usage("only the program itself starts launchers")),
    }
}
