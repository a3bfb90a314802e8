//! `cargo xtask demo`: the README's first command. A shell command in a micro-VM, on an image made of this machine's busybox.

use crate::architecture::Architecture;
use crate::install_tree::Profile;
use crate::progress::{Steps, say};
use crate::{install_tree, oci_archive, process, setup};
use anyhow::{Context, Result, bail};
use std::process::{Command, Stdio};

/// The image's name and the command that shows where it runs.
const IMAGE: &str = "demo:latest";
const SCRIPT: &str = "echo \"hello from $(uname -sr) inside a micro-VM\"";

/// Options of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Sets up, makes the image, loads it and runs the command; its output is the only thing on standard output.
///
/// # Errors
/// When a step fails.
pub(crate) fn run(_arguments: &Arguments) -> Result<()> {
    if cfg!(target_os = "macos") {
        bail!("the demo needs a Linux host: running containers on macOS is not yet supported");
    }
    let steps = Steps::default();
    setup::build_all(&steps, Profile::Quick)?;
    let scratch = tempfile::Builder::new().prefix("container-demo-").tempdir()?;
    let archive = scratch.path().join("demo.tar");
    steps.run("an image of busybox", || {
        oci_archive::write_busybox(Architecture::host(), IMAGE, &archive)
    })?;
    steps.run("loading the image", || {
        process::run(
            Command::new(install_tree::program())
                .args(["image", "load", "--input"])
                .arg(&archive)
                .stdout(std::io::stderr()),
        )
    })?;
    steps.run(&format!("container run --rm {IMAGE} sh -c '{SCRIPT}'"), || {
        let mut command = Command::new(install_tree::program());
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
    say(format_args!(
        "try it yourself: {} run -it --rm {IMAGE} sh",
        install_tree::program().display()
    ));
    Ok(())
}
