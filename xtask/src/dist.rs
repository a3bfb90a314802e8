//! `cargo xtask dist`: the install tree, packed.

use crate::architecture::Architecture;
use crate::backend::Backend;
use crate::install_tree::{self, Profile};
use crate::progress::{Steps, say};
use crate::setup::{self, Guests, Plan};
use crate::{process, workspace};
use anyhow::Result;
use std::process::Command;

/// Options of `cargo xtask dist`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    guests: Guests,
}

/// Builds everything and packs the install tree.
///
/// # Errors
/// When a build fails or the archive cannot be written.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let steps = Steps::default();
    let plan = Plan {
        guests: arguments.guests.clone(),
        backend: Backend::Default,
        profile: Profile::Release,
    };
    setup::build_all(&steps, &plan)?;
    steps.run("manual pages", install_tree::write_man_pages)?;
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
    for (name, bytes) in install_tree::sizes()? {
        say(format_args!("{bytes:>12} bytes  {name}"));
    }
    say("install it with: tar -xzf ARCHIVE -C /usr/local");
    println!("{}", archive.display());
    Ok(())
}
