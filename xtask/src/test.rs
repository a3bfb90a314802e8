//! `cargo xtask test`: the README's second command. Everything is set up, then every test of the workspace runs; the last line is the summary.
//!
//! Each test is a process of its own with a limit of time and a temporary directory that it must leave empty. The end-to-end tests run as an
//! ordinary user, also when this task runs as root.

mod binaries;
pub(crate) mod debian_tar;
mod run;
mod single;
mod stage;
mod tally;

use crate::install_tree::Profile;
use crate::progress::{Steps, say};
use crate::{debian, install_tree, setup};
use anyhow::{Result, bail};
use stage::Stage;

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Runs only the tests whose name, with their package before it, contains all of these words.
    filter: Vec<String>,
}

/// Sets up and tests.
///
/// # Errors
/// When setting up fails or a test does.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let steps = Steps::default();
    setup::build_all(&steps, Profile::Quick)?;
    if cfg!(target_os = "linux") {
        steps.run("packages for the tests", || debian::install(&debian::for_tests()))?;
    }
    let binaries = steps.run("compiling the tests", binaries::compile)?;
    steps.report();
    let stage = Stage::new(&install_tree::directory())?;
    stage.admit(&binaries)?;
    say(format_args!("running the tests of {} binaries", binaries.len()));
    let tally = run::all(&binaries, &arguments.filter, &stage)?;
    println!("\n{tally}");
    if tally.failed > 0 {
        bail!("{} tests failed", tally.failed);
    }
    Ok(())
}
