//! The command line of `container`: parses, calls the engine, shows what came of it.
//!
//! Results go to standard output; progress, warnings and errors go to standard error. This crate alone turns an error into a
//! message, a hint and an exit code.

mod arguments;
mod command_line;
mod commands;
mod completion;
mod environment;
mod error;
mod images;
mod man_pages;
mod output;
mod session;
mod tracing_output;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use command_line::{Command, CommandLine};

/// Runs the program with the arguments of this process. Must be called on the main thread before anything else was started.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(code) = completion::answer() {
        return code;
    }
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => return usage::report(error),
    };
    if let Some(Command::Launcher(launcher)) = command_line.command {
        // Has a log and a runtime of its own.
        return launcher.run();
    }
    if let Some(Command::Switch(switch)) = command_line.command {
        return switch.run();
    }
    if let Some(Command::FileServer(file_server)) = command_line.command {
        return file_server.run();
    }
    tracing_output::start(command_line.debug);
    let result = match (
        command_line.generate_completion_script,
        &command_line.generate_man_pages,
    ) {
        (Some(shell), _) => completion::print_script(shell),
        (None, Some(directory)) => man_pages::write(directory),
        (None, None) => command_line::run(command_line),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => error.report(),
    }
}
