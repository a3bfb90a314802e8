//! `cargo xtask <task>`: builds, tests and measures the project.
//!
//! Every task reports on standard error what it is doing; results for scripts go to standard output.
//! One file per task; what several tasks share is named for what it is (`debian`, `install_tree`, `process`, …).

mod architecture;
mod backend;
mod bench;
mod busybox;
mod cache;
mod conformance;
mod debian;
mod demo;
mod digest;
mod dist;
mod fuzz;
mod guest;
mod homebrew;
mod install_tree;
mod kernel;
mod lint;
mod mac;
mod oci_archive;
mod process;
mod progress;
mod setup;
mod sign;
mod test;
mod vz_stub;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Builds, tests and measures the project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what is missing and builds the kernel, the guest and the `container` binary.
    Setup(setup::Arguments),
    /// Sets everything up and runs a command in a micro-VM on an image made on the spot.
    Demo(demo::Arguments),
    /// Sets everything up and runs every test, the end-to-end tests as an ordinary user.
    Test(test::Arguments),
    /// Builds the guest kernel from our fragments and a pinned source.
    Kernel(kernel::Arguments),
    /// Builds vminitd as a static binary and wraps it into an initramfs.
    Guest(guest::Arguments),
    /// Builds the install tree and packs it.
    Dist(dist::Arguments),
    /// Runs every fuzz target for some seconds.
    Fuzz(fuzz::Arguments),
    /// Checks the rules of this repository that no compiler knows.
    Lint(lint::Arguments),
    /// Checks that the workspace compiles and links for macOS.
    Mac(mac::Arguments),
    /// Signs the built program, as macOS wants it.
    Sign(sign::Arguments),
    /// Measures against a limit or a peer in the same run.
    Bench(bench::Arguments),
    /// Builds Dockerfiles with known results and compares the images.
    Conformance(conformance::Arguments),
    /// Runs what is written for Virtualization.framework against a stand-in for it, on Linux.
    VzStub(vz_stub::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Setup(arguments) => setup::run(&arguments),
        Task::Demo(arguments) => demo::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
        Task::Kernel(arguments) => kernel::run(&arguments),
        Task::Guest(arguments) => guest::run(&arguments),
        Task::Dist(arguments) => dist::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Lint(arguments) => lint::run(&arguments),
        Task::Mac(arguments) => mac::run(&arguments),
        Task::Sign(arguments) => sign::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Conformance(arguments) => conformance::run(&arguments),
        Task::VzStub(arguments) => vz_stub::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
