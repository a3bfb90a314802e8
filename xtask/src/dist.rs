//! `cargo xtask dist`: the install tree, packed.

use crate::architecture::Architecture;
use crate::install_tree::{self, Profile};
use crate::progress::{Steps, say};
use crate::{process, setup, workspace};
use anyhow::Result;
use std::process::Command;

/// Options of `cargo xtask dist`.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Builds everything and packs the install tree.
///
/// # Errors
/// When a build fails or the archive cannot be written.
pub(crate) fn run(_arguments: &Arguments) -> Result<()> {
    let steps = Steps::default();
    setup::build_all(&steps, Profile::Release)?;
    let archive = workspace::target_directory().join(format!(
        "container-{}-{}.tar.gz",
        std::env::consts::OS,
        Architecture::host().name()
    ));
    steps.run("packing", || {
        // Order, times and owners that do not depend on the machine that packs; macOS's tar lacks these options.
        let reproducible = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"];
        let mut tar = Command::new("tar");
        if cfg!(target_os = "linux") {
            tar.args(reproducible);
        }
        process::run(
            tar.arg("-czf")
                .arg(&archive)
                .arg("-C")
                .arg(install_tree::directory())
                .args(["bin", "share"]),
        )
    })?;
    steps.report();
    say("install it with: tar -xzf ARCHIVE -C /usr/local");
    println!("{}", archive.display());
    Ok(())
}
