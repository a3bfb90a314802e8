//! `cargo xtask demo`: the README's first command. A shell command in a micro-VM, on an image made of a busybox.

use crate::architecture::Architecture;
use crate::backend::Backend;
use crate::install_tree::Profile;
use crate::progress::{Steps, say};
use crate::setup::{self, Guests, Plan};
use crate::{install_tree, oci_archive, process};
use anyhow::{Context, Result, bail};
use std::process::{Command, Stdio};

/// The image's name and the command that shows where it runs.
const IMAGE: &str = "demo:latest";
const SCRIPT: &str = "echo \"hello from $(uname -sr) inside a micro-VM\"";

/// Options of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Architecture of the guest. One that is not the host's is emulated.
    #[arg(long, value_enum, default_value_t = Architecture::host())]
    arch: Architecture,
    /// What runs the machine.
    #[arg(long, value_enum, default_value_t)]
    backend: Backend,
}

/// Sets up, makes the image, loads it and runs the command; its output is the only thing on standard output.
///
/// # Errors
/// When a step fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let steps = Steps::default();
    let plan = Plan {
        guests: Guests::of(&[arguments.arch]),
        backend: arguments.backend,
        profile: Profile::Quick,
    };
    setup::build_all(&steps, &plan)?;
    let scratch = tempfile::Builder::new().prefix("container-demo-").tempdir()?;
    let archive = scratch.path().join("demo.tar");
    steps.run("an image of busybox", || {
        oci_archive::write_busybox(arguments.arch, IMAGE, &archive)
    })?;
    steps.run("loading the image", || {
        process::run(
            container(arguments)
                .args(["image", "load", "--input"])
                .arg(&archive)
                .stdout(std::io::stderr()),
        )
    })?;
    steps.run(&format!("container run --rm {IMAGE} sh -c '{SCRIPT}'"), || {
        let mut command = container(arguments);
        command
            .args(["run", "--rm", IMAGE, "sh", "-c", SCRIPT])
            .stdin(Stdio::null());
        let status = command.status().context("cannot start the program just built")?;
        if !status.success() {
            bail!("the container failed: {status}");
        }
        Ok(())
    })?;
    steps.report();
    if arguments.arch == Architecture::host() {
        say(try_it());
    }
    Ok(())
}

fn try_it() -> String {
    format!(
        "try it yourself: {} run -it --rm {IMAGE} sh",
        install_tree::program().display()
    )
}

/// The program, with guests of the architecture and the backend that were asked for.
fn container(arguments: &Arguments) -> Command {
    let mut command = Command::new(install_tree::program());
    if arguments.arch != Architecture::host() {
        command.env(
            "CONTAINER_DEFAULT_PLATFORM",
            format!("linux/{}", arguments.arch.oci_name()),
        );
    }
    if let Some(backend) = arguments.backend.value() {
        command.env(Backend::VARIABLE, backend);
    }
    command
}
