//! The command tree: which words lead to which command, and the way there.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use tokio::runtime::Builder;

use crate::commands::{
    build, builder, container, doctor, file_server, image, network, registry, switch, system, volume,
};
use crate::error::{CommandError, cannot};

/// Version as `--version` prints it after the program's name.
pub(crate) const VERSION: &str = concat!(
    "CLI version ",
    env!("CARGO_PKG_VERSION"),
    " (build: ",
    env!("CONTAINER_BUILD"),
    ", commit: ",
    env!("CONTAINER_COMMIT"),
    ")"
);

/// Place in the help of what only saves typing: behind everything else.
const SHORT: usize = 1000;

/// Run Linux containers, each in a micro-VM of its own, without a daemon and without root.
#[derive(Debug, Parser)]
#[command(name = "container", version = VERSION, propagate_version = true, subcommand_required = false, arg_required_else_help = true)]
pub(crate) struct CommandLine {
    /// Show debug messages on standard error (also: CONTAINER_DEBUG)
    #[arg(long, global = true)]
    pub(crate) debug: bool,

    /// Print a script with which a shell completes commands, flags and names: source <(container --generate-completion-script bash)
    #[arg(long, value_name = "SHELL", exclusive = true)]
    pub(crate) generate_completion_script: Option<Shell>,

    /// Write manual pages into a directory, one for each command, and print their paths: man -l DIRECTORY/container-run.1
    #[arg(long, value_name = "DIRECTORY", exclusive = true)]
    pub(crate) generate_man_pages: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(container::run::Run),
    Create(container::create::Create),
    Start(container::start::Start),
    Stop(container::stop::Stop),
    Kill(container::kill::Kill),
    Restart(container::restart::Restart),
    Rename(container::rename::Rename),
    Update(container::update::Update),
    Pause(container::pause::Pause),
    Unpause(container::unpause::Unpause),
    Top(container::top::Top),
    Stats(container::stats::Stats),
    Wait(container::wait::Wait),
    #[command(visible_alias = "rm")]
    Delete(container::delete::Delete),
    Prune(container::prune::Prune),
    #[command(visible_aliases = ["ls", "ps"])]
    List(container::list::List),
    Inspect(container::inspect::Inspect),
    Logs(container::logs::Logs),
    Events(container::events::Events),
    Exec(container::exec::Exec),
    Attach(container::attach::Attach),
    #[command(visible_alias = "cp")]
    Copy(container::copy::Copy),
    Port(container::port::Port),
    Clean(container::clean::Clean),
    Export(container::export::Export),
    Diff(container::diff::Diff),
    Commit(container::commit::Commit),
    Build(Box<build::Build>),
    #[command(subcommand)]
    Builder(builder::BuilderCommand),
    #[command(subcommand, visible_alias = "i")]
    Image(image::ImageCommand),
    #[command(subcommand, visible_alias = "n")]
    Network(network::NetworkCommand),
    #[command(subcommand, visible_alias = "r")]
    Registry(registry::RegistryCommand),
    #[command(subcommand, visible_alias = "s")]
    System(system::SystemCommand),
    #[command(subcommand, visible_alias = "v")]
    Volume(volume::VolumeCommand),
    Doctor(doctor::Doctor),
    /// Short for image pull
    #[command(display_order = SHORT)]
    Pull(image::pull::Pull),
    /// Short for image push
    #[command(display_order = SHORT)]
    Push(image::push::Push),
    /// Short for image list
    #[command(display_order = SHORT)]
    Images(image::list::List),
    /// Short for image tag
    #[command(display_order = SHORT)]
    Tag(image::tag::Tag),
    /// Short for image delete
    #[command(display_order = SHORT)]
    Rmi(image::delete::Delete),
    /// Short for image save
    #[command(display_order = SHORT)]
    Save(image::save::Save),
    /// Short for image load
    #[command(display_order = SHORT)]
    Load(image::load::Load),
    /// Short for image history
    #[command(display_order = SHORT)]
    History(image::history::History),
    /// Short for system version
    #[command(display_order = SHORT)]
    Version(system::version::Version),
    /// Short for system status
    #[command(display_order = SHORT)]
    Info(system::status::Status),
    /// Short for registry login
    #[command(display_order = SHORT)]
    Login(registry::login::Login),
    /// Short for registry logout
    #[command(display_order = SHORT)]
    Logout(registry::logout::Logout),
    #[command(hide = true)]
    Launcher(container::launcher::Launcher),
    #[command(hide = true)]
    Switch(switch::Switch),
    #[command(hide = true)]
    FileServer(file_server::FileServer),
}

/// Runs a command; gives the exit code.
pub(crate) fn run(command_line: CommandLine) -> Result<u8, CommandError> {
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
        Command::Restart(restart) => restart.run().await,
        Command::Rename(rename) => rename.run(),
        Command::Update(update) => update.run().await,
        Command::Pause(pause) => pause.run().await,
        Command::Unpause(unpause) => unpause.run().await,
        Command::Top(top) => top.run().await,
        Command::Stats(stats) => stats.run().await,
        Command::Wait(wait) => wait.run().await,
        Command::Delete(delete) => delete.run().await,
        Command::Prune(prune) => prune.run().await,
        Command::List(list) => list.run(),
        Command::Inspect(inspect) => inspect.run().await,
        Command::Logs(logs) => logs.run().await,
        Command::Events(events) => events.run().await,
        Command::Exec(exec) => exec.run().await.map_err(CommandError::starting_a_program),
        Command::Attach(attach) => attach.run().await,
        Command::Copy(copy) => copy.run().await,
        Command::Port(port) => port.run(),
        Command::Clean(clean) => clean.run().await,
        Command::Export(export) => export.run().await,
        Command::Diff(diff) => diff.run().await,
        Command::Commit(commit) => commit.run().await,
        Command::Build(build) => build.run().await,
        Command::Builder(builder) => builder.run().await,
        Command::Network(network) => network.run().await,
        Command::Volume(volume) => volume.run(),
        Command::Doctor(doctor) => doctor.run().await,
        Command::Image(image) => image.run().await,
        Command::Registry(registry) => registry.run().await,
        Command::Login(login) => login.run().await,
        Command::Logout(logout) => logout.run().await,
        Command::Pull(pull) => pull.run().await,
        Command::Push(push) => push.run().await,
        Command::Images(list) => list.run(),
        Command::Tag(tag) => tag.run(),
        Command::Rmi(delete) => delete.run().await,
        Command::Save(save) => save.run().await,
        Command::Load(load) => load.run().await,
        Command::History(history) => history.run(),
        Command::Version(version) => version.run(),
        Command::Info(status) => status.run().await,
        Command::System(system) => system.run().await,
        // The program becomes one of them before it comes here.
        Command::Launcher(_) | Command::Switch(_) | Command::FileServer(_) => Err(CommandError::usage(
            "only the program itself starts launchers, switches and file servers",
        )),
    }
}

#[cfg(test)]
mod examples;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_tree_is_sound() {
        CommandLine::command().debug_assert();
    }

    /// Every command with its aliases and its visible flags, one line each.
    fn tree(command: &clap::Command, path: &str, lines: &mut Vec<String>) {
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let aliases: Vec<&str> = sub.get_visible_aliases().collect();
            let flags: Vec<String> = sub
                .get_arguments()
                .filter(|argument| !argument.is_hide_set())
                .filter_map(|argument| {
                    let long = argument.get_long()?;
                    Some(
                        argument
                            .get_short()
                            .map_or(format!("--{long}"), |short| format!("-{short}/--{long}")),
                    )
                })
                .collect();
            let name = std::iter::once(sub.get_name())
                .chain(aliases)
                .collect::<Vec<_>>()
                .join("|");
            lines.push(format!("{path}{name} {}", flags.join(" ")).trim_end().to_owned());
            tree(sub, &format!("{path}{} ", sub.get_name()), lines);
        }
    }

    #[test]
    fn commands_aliases_and_flags_are_the_promised_ones() {
        let mut lines = Vec::new();
        tree(&CommandLine::command(), "", &mut lines);
        let expected = include_str!("command_line/tree.txt");
        assert_eq!(
            lines.join("\n"),
            expected.trim_end(),
            "update src/command_line/tree.txt if this is meant"
        );
    }

    #[test]
    fn everything_after_the_image_belongs_to_the_program() {
        let line = [
            "container",
            "run",
            "--rm",
            "alpine",
            "--rm",
            "-e",
            "-x",
            "--help",
            "--",
            "y",
        ];
        match CommandLine::try_parse_from(line).unwrap().command {
            Some(Command::Run(run)) => {
                assert_eq!(run.words, ["alpine", "--rm", "-e", "-x", "--help", "--", "y"]);
                assert!(run.container.remove);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_flag_that_nobody_knows_is_refused_before_the_image_only() {
        assert!(CommandLine::try_parse_from(["container", "run", "--nonsense", "alpine"]).is_err());
        assert!(CommandLine::try_parse_from(["container", "run"]).is_err());
        assert!(CommandLine::try_parse_from(["container", "exec", "name"]).is_err());
    }

    #[test]
    fn detach_keys_are_written_as_in_docker() {
        for command in [&["run"][..], &["exec", "name"], &["start"], &["attach"]] {
            let parse = |keys: &str| {
                let line = ["container", command[0], "--detach-keys", keys];
                CommandLine::try_parse_from(line.iter().chain(&command[1..]).chain(&["alpine"]))
            };
            for keys in ["ctrl-x", "ctrl-p,ctrl-q", "ctrl-@,a", ""] {
                assert!(parse(keys).is_ok(), "{command:?} {keys:?}");
            }
            let error = parse("ctrl-p,quit").unwrap_err();
            assert_eq!(error.kind(), clap::error::ErrorKind::ValueValidation);
            assert!(error.to_string().contains("\"quit\" is no key"), "{error}");
        }
    }

    #[test]
    fn a_template_may_begin_with_a_hyphen() {
        for line in [
            &["ls", "--format", "- {{.ID}}"][..],
            &["inspect", "-f", "-{{.id}}", "web"],
        ] {
            assert!(
                CommandLine::try_parse_from(std::iter::once(&"container").chain(line)).is_ok(),
                "{line:?}"
            );
        }
    }

    #[test]
    fn long_names_of_other_tools_are_understood() {
        let line = ["container", "run", "--remove", "--cwd", "/tmp", "alpine"];
        match CommandLine::try_parse_from(line).unwrap().command {
            Some(Command::Run(run)) => {
                assert_eq!(run.process.workdir.as_deref(), Some("/tmp"));
                assert!(run.container.remove);
            }
            other => panic!("{other:?}"),
        }
    }
}
