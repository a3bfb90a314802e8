//! What a shell offers on the tab key: commands and flags, and the names of containers, images, volumes and networks that there are.
//!
//! The script that `--generate-completion-script` prints has the shell call this program, with [`VARIABLE`] set to the shell's name.

use std::io;
use std::process::ExitCode;

use clap::{Arg, Command, CommandFactory as _};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};
use container_engine::{ConfiguredEngine, ContainerView, Engine};

use crate::command_line::CommandLine;
use crate::error::{CommandError, cannot};
use crate::output;

/// Says that a shell asks, and which one.
const VARIABLE: &str = "CONTAINER_COMPLETE";

/// The program's name on the user's `PATH`.
const PROGRAM: &str = "container";

/// Commands for containers that run.
const OF_RUNNING: [&str; 7] = ["attach", "exec", "kill", "pause", "stop", "top", "unpause"];

/// Commands for containers that do not.
const OF_STOPPED: [&str; 1] = ["start"];

/// Prints what a user's shell has to read to know this program.
pub(crate) fn print_script(shell: Shell) -> Result<u8, CommandError> {
    let failed = |error: io::Error| cannot("make the script", error);
    let shells = Shells::builtins();
    let completer = shells
        .completer(&shell.to_string())
        .ok_or_else(|| failed(io::Error::other(format!("{shell} is not known"))))?;
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)
        .map_err(failed)?;
    output::text(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

/// Answers a shell that asks; `None` when none does.
pub(crate) fn answer() -> Option<ExitCode> {
    let directory = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(command).var(VARIABLE);
    match asked.try_complete(std::env::args_os(), directory.as_deref()) {
        Ok(false) => None,
        Ok(true) => Some(ExitCode::SUCCESS),
        // A shell shows nothing of it; whoever calls by hand sees why.
        Err(error) => {
            let _ = error.print();
            Some(ExitCode::FAILURE)
        }
    }
}

/// The command tree, with what arguments may be.
fn command() -> Command {
    with_candidates(CommandLine::command())
}

fn with_candidates(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let command = command.mut_args(|argument| match names(&name, &argument) {
        Some(names) => argument.add(ArgValueCandidates::new(move || candidates(names).unwrap_or_default())),
        None => argument,
    });
    command.mut_subcommands(with_candidates)
}

/// Things that have names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Containers { running: Option<bool> },
    Images,
    Volumes,
    Networks,
}

/// What an argument of a command names.
fn names(command: &str, argument: &Arg) -> Option<Names> {
    let running = match command {
        command if OF_RUNNING.contains(&command) => Some(true),
        command if OF_STOPPED.contains(&command) => Some(false),
        _ => None,
    };
    match (argument.get_id().as_str(), argument.is_positional()) {
        ("container" | "containers", true) => Some(Names::Containers { running }),
        ("volumes_from", false) => Some(Names::Containers { running: None }),
        // `network inspect` and its like have words of their own for it.
        ("names", true) if command == "inspect" => Some(Names::Containers { running }),
        ("words", true) if command == "exec" => Some(Names::Containers { running }),
        ("image" | "images", true) => Some(Names::Images),
        // The image, and then the words of its program, of which nothing is known.
        ("words", true) if ["run", "create"].contains(&command) => Some(Names::Images),
        ("source", true) if command == "tag" => Some(Names::Images),
        ("volumes", true) => Some(Names::Volumes),
        ("network" | "networks", true) => Some(Names::Networks),
        ("network", false) if ["run", "create"].contains(&command) => Some(Names::Networks),
        _ => None,
    }
}

/// The names that there are; `None` where they cannot be read.
fn candidates(names: Names) -> Option<Vec<CompletionCandidate>> {
    let engine = Engine::open().ok()?.configured().ok()?;
    Some(match names {
        Names::Containers { running } => {
            let containers = engine.list().ok()?.into_iter();
            let wanted = containers.filter(|view| running.is_none_or(|running| view.is_live() == running));
            wanted.map(|view| of_container(&engine, &view)).collect()
        }
        Names::Images => {
            let images = engine.list_images().ok()?.into_iter();
            let named = images.filter(|image| !image.is_dangling);
            named
                .map(|image| CompletionCandidate::new(engine.familiar(&image.reference)))
                .collect()
        }
        Names::Volumes => {
            let volumes = engine.volumes().ok()?.into_iter();
            volumes
                .map(|volume| CompletionCandidate::new(volume.config.name.as_str()))
                .collect()
        }
        Names::Networks => {
            let networks = engine.networks().ok()?.into_iter();
            networks
                .map(|network| CompletionCandidate::new(network.config.name.as_str()))
                .collect()
        }
    })
}

/// A container, with its image beside it.
fn of_container(engine: &ConfiguredEngine, view: &ContainerView) -> CompletionCandidate {
    let image = engine.familiar(&view.config.image.reference);
    CompletionCandidate::new(view.config.id.as_str()).help(Some(image.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the arguments of a command name.
    fn of(path: &[&str]) -> Vec<Names> {
        let mut command = CommandLine::command();
        for name in path {
            command = command.find_subcommand(name).expect("a command").clone();
        }
        let name = command.get_name().to_owned();
        command
            .get_arguments()
            .filter_map(|argument| names(&name, argument))
            .collect()
    }

    #[test]
    fn arguments_are_known_by_what_they_name() {
        let containers = |running| vec![Names::Containers { running }];
        assert_eq!(of(&["stop"]), containers(Some(true)));
        assert_eq!(of(&["start"]), containers(Some(false)));
        assert_eq!(of(&["exec"]), containers(Some(true)));
        assert_eq!(of(&["logs"]), containers(None));
        assert_eq!(of(&["inspect"]), containers(None));
        assert_eq!(of(&["image", "tag"]), [Names::Images]);
        assert_eq!(of(&["rmi"]), [Names::Images]);
        assert_eq!(of(&["volume", "delete"]), [Names::Volumes]);
        assert_eq!(of(&["build"]), []);
        let connect = of(&["network", "connect"]);
        assert!(connect.contains(&Names::Networks) && connect.contains(&Names::Containers { running: None }));
        let run = of(&["run"]);
        assert!(
            run.contains(&Names::Images) && run.contains(&Names::Networks),
            "{run:?}"
        );
    }

    #[test]
    fn every_command_of_the_lists_is_there() {
        for name in OF_RUNNING.iter().chain(&OF_STOPPED) {
            assert_eq!(of(&[name]).len(), 1, "{name}");
        }
    }
}
