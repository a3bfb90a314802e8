//! `cargo xtask mac`: what a machine without macOS can check of the program for macOS, and what a Mac says about itself.

mod allow_list;
mod check;
mod compiler;
mod facts;
mod first_contact;
mod link;
mod mach_o;
mod rules;
mod stubs;
mod target;
mod zig;

use anyhow::Result;

/// Options of `cargo xtask mac`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(clap::Subcommand)]
enum Task {
    /// Checks that everything but the guest compiles for macOS, tests included (the default).
    Check,
    /// Links the `container` program for macOS and compares what it needs of the system with the allow-list.
    Link(link::Arguments),
    /// On a Mac: prints the facts about it that a report to the project should have.
    FirstContact,
    /// The C compiler and linker that `link` gives to cargo.
    #[command(hide = true)]
    Compiler(compiler::Arguments),
}

/// Runs the sub-command, `check` if none is named.
///
/// # Errors
/// Those of the sub-command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.task {
        None | Some(Task::Check) => check::run(),
        Some(Task::Link(arguments)) => link::run(arguments),
        Some(Task::FirstContact) => first_contact::run(),
        Some(Task::Compiler(arguments)) => compiler::run(arguments),
    }
}
