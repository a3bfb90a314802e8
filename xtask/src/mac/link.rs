//! `cargo xtask mac link`: a real executable of `container` for both kinds of Mac, and what it needs of the system that starts it.
//!
//! Where there is no Mac, Zig compiles the C of crates and links against `packaging/macos/link-stubs`, which name the symbols of Apple's
//! libraries that we use and contain nothing of them. The result shows that everything links, and with what; it is not for use. What is given
//! away is built on a Mac with Apple's kit.

use super::compiler::Programs;
use super::mach_o::Demands;
use super::target::{MINIMUM_MACOS, Target};
use super::{allow_list, rules, stubs, zig};
use crate::progress::{Steps, say};
use crate::{process, workspace};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Options of `cargo xtask mac link`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Only for this target.
    #[arg(long)]
    target: Option<Target>,
    /// Replaces the allow-lists by what the programs need, which is to be reviewed in the difference to the committed ones.
    #[arg(long)]
    update: bool,
}

/// Links for each target and compares with its allow-list.
///
/// # Errors
/// When something does not link, breaks one of the rules for programs that we give away, or needs what the allow-list does not have.
pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let steps = Steps::default();
    let zig = if cfg!(target_os = "macos") {
        None
    } else {
        Some(steps.run("Zig", zig::obtain)?)
    };
    let targets: Vec<Target> = Target::ALL
        .into_iter()
        .filter(|target| arguments.target.is_none_or(|only| only == *target))
        .collect();
    for target in &targets {
        target.ensure_std()?;
    }
    let names: Vec<&str> = targets.iter().map(|target| target.triple()).collect();
    steps.run(&format!("linking for {}", names.join(" and ")), || {
        link(&targets, zig.as_ref())
    })?;
    for target in targets {
        let program = workspace::target_directory()
            .join(target.triple())
            .join("debug/container");
        inspect(target, &program, arguments.update)?;
    }
    steps.report();
    Ok(())
}

/// Builds the programs as fast as it goes, without optimising them and without debug information: the result is only looked at. In one run, because
/// what one target leaves of the processors at its end, the other one uses.
fn link(targets: &[Target], zig: Option<&zig::Zig>) -> Result<()> {
    let directory = workspace::target_directory();
    let mut cargo = Command::new(workspace::cargo());
    cargo
        .current_dir(workspace::root())
        .args(["build", "--locked", "--package", "container-cli", "--bin", "container"])
        .env("CARGO_PROFILE_DEV_DEBUG", "none")
        .env("CARGO_PROFILE_DEV_INCREMENTAL", "false")
        .env("MACOSX_DEPLOYMENT_TARGET", MINIMUM_MACOS);
    for target in targets {
        cargo.args(["--target", target.triple()]);
    }
    if let Some(zig) = zig {
        for target in targets {
            let programs = Programs::write(&directory.join("mac"), *target, &zig.program)?;
            cargo
                .env(target.variable("CC"), &programs.compiler)
                .env(target.variable("AR"), &programs.archiver)
                .env(target.cargo_variable("LINKER"), &programs.compiler);
        }
        cargo
            // Else rustc and build scripts ask Apple's `xcrun` for the kit.
            .env("SDKROOT", stubs::directory())
            .env("ZIG_GLOBAL_CACHE_DIR", &zig.cache)
            .env("ZIG_LOCAL_CACHE_DIR", &zig.cache);
    }
    process::run(&mut cargo).with_context(|| {
        format!(
            "the program does not link for a Mac. An `undefined symbol` of a library of macOS goes into its stub in {}, if macOS {MINIMUM_MACOS} has it",
            stubs::directory().display()
        )
    })
}

fn inspect(target: Target, program: &Path, update: bool) -> Result<()> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let demands = Demands::of(&bytes).with_context(|| format!("in {}", program.display()))?;
    let breaches = rules::breaches(&demands);
    for breach in &breaches {
        println!("{}: {breach}", program.display());
    }
    if !breaches.is_empty() {
        bail!("the program for {} would not start on every Mac", target.triple());
    }
    if update {
        allow_list::update(target, &demands)?;
    }
    let difference = allow_list::compare(target, &demands)?;
    let list = allow_list::path(target);
    for line in &difference.added {
        println!("+ {line}");
    }
    for line in &difference.gone {
        println!("- {line}");
    }
    if !difference.added.is_empty() {
        bail!(
            "the program for {} needs what {} does not have (the lines with +). If macOS {MINIMUM_MACOS} has it: cargo xtask mac link --update, \
             and commit the list",
            target.triple(),
            list.display()
        );
    }
    if !difference.gone.is_empty() {
        say("the lines with - are allowed and no longer needed: cargo xtask mac link --update takes them out");
    }
    let symbols: usize = demands.imports.values().map(|symbols| symbols.len()).sum();
    say(format_args!(
        "{}: {} MB, macOS {MINIMUM_MACOS}, {symbols} symbols of {} libraries, all on the list",
        program.display(),
        bytes.len() >> 20,
        demands.imports.len()
    ));
    Ok(())
}
