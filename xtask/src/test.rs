//! `cargo xtask test`: the README's second command. Everything is set up, then every test of the workspace runs; the last line is the summary.
//!
//! The end-to-end tests run as an ordinary user, also when this task runs as root: the runner starts each of their binaries through
//! [`as_user`], from a directory that this user can read.

pub(crate) mod as_user;
pub(crate) mod debian_tar;
mod stage;
mod tally;

use crate::progress::{Steps, say};
use crate::{debian, dist, process, setup, workspace};
use anyhow::{Context, Result, bail};
use stage::Stage;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use tally::Tally;

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Passed to the test runner, for example a part of a test's name.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    filter: Vec<String>,
}

/// Sets up and tests.
///
/// # Errors
/// When setting up fails or a test does.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut steps = Steps::default();
    setup::build_all(&mut steps)?;
    if cfg!(target_os = "linux") {
        steps.run("packages for the tests", || debian::install(&debian::for_tests()))?;
    }
    steps.report();
    let stage = Stage::new(&dist::directory())?;
    let nextest = process::find("cargo-nextest").is_some();
    let mut command = Command::new(workspace::cargo());
    command
        .current_dir(workspace::root())
        .args(if nextest { &["nextest", "run"][..] } else { &["test"] });
    command.args(["--locked", "--workspace", "--no-fail-fast"]);
    if cfg!(not(target_os = "linux")) {
        command.args([
            "--exclude",
            "container-vminitd",
            "--exclude",
            "container-workload",
            "--exclude",
            "container-e2e",
        ]);
    }
    command.args(&arguments.filter);
    stage.apply(&mut command)?;
    say(format_args!("`{}`", process::line(&command)));
    if nextest {
        process::run(&mut command)
    } else {
        run_with_tally(&mut command)
    }
}

/// Runs `cargo test`, which sums up each binary by itself, and ends with the sum of all.
fn run_with_tally(command: &mut Command) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let output = child.stdout.take().context("cargo has no output")?;
    let mut tally = Tally::default();
    let mut stdout = std::io::stdout().lock();
    for line in BufReader::new(output).split(b'\n') {
        let mut line = line?;
        tally.add(&String::from_utf8_lossy(&line));
        line.push(b'\n');
        stdout.write_all(&line)?;
    }
    let status = child.wait()?;
    writeln!(stdout, "\n{tally}")?;
    if !status.success() {
        bail!("`{}` failed: {status}", process::line(command));
    }
    Ok(())
}
