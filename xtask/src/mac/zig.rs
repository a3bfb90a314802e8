//! Gets Zig, whose C compiler and linker make programs for macOS on any host and which knows the symbols of Apple's `libSystem`.
//!
//! Debian 12 has no package of it, the Python Package Index has one: pip refuses a file whose digest is not in
//! `packaging/macos/zig-requirements.txt`.

use crate::progress::say;
use crate::{cache, debian, digest, process, workspace};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release and the digests of its files, in pip's format.
const REQUIREMENTS: &str = "packaging/macos/zig-requirements.txt";

/// A Zig that can be started.
#[derive(Debug)]
pub(super) struct Zig {
    /// The program.
    pub(super) program: PathBuf,
    /// Where it keeps what it has compiled for a target once, such as its own run-time library.
    pub(super) cache: PathBuf,
}

/// Zig from the build cache, where it is installed first if it is not there.
///
/// # Errors
/// When pip is missing and cannot be installed, or does not get the pinned release.
pub(super) fn obtain() -> Result<Zig> {
    let requirements = workspace::root().join(REQUIREMENTS);
    let key = digest::of_file(&requirements)?;
    let directory = cache::directory()?.join("zig");
    let installed = directory.join(key.get(..16).unwrap_or(&key));
    let zig = Zig {
        program: installed.join("ziglang/zig"),
        cache: directory.join("compiled"),
    };
    let _lock = cache::lock(&directory)?;
    if !zig.program.is_file() {
        ensure_pip()?;
        say("installing Zig from the Python Package Index (about 100 MB)");
        install(&requirements, &directory, &installed)?;
    }
    Ok(zig)
}

/// Installs beside `installed` and renames, so that a build that is interrupted leaves nothing that looks whole.
fn install(requirements: &Path, directory: &Path, installed: &Path) -> Result<()> {
    let scratch = tempfile::Builder::new().prefix("new-").tempdir_in(directory)?;
    let packages = scratch.path().join("packages");
    process::run(
        pip()
            .args([
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-input",
                "--root-user-action",
                "ignore",
                "--no-cache-dir",
            ])
            .args([
                "--no-compile",
                "--no-deps",
                "--only-binary",
                ":all:",
                "--require-hashes",
            ])
            .arg("--target")
            .arg(&packages)
            .arg("--requirement")
            .arg(requirements)
            .stdout(std::io::stderr()),
    )
    .context("Zig is missing, which links for macOS where there is no Mac")?;
    if !packages.join("ziglang/zig").is_file() {
        bail!("the package of {} has no program ziglang/zig", requirements.display());
    }
    if installed.exists() {
        fs::remove_dir_all(installed).with_context(|| format!("cannot remove {}", installed.display()))?;
    }
    fs::rename(&packages, installed).with_context(|| format!("cannot create {}", installed.display()))
}

fn ensure_pip() -> Result<()> {
    if process::output(pip().arg("--version")).is_ok() {
        return Ok(());
    }
    debian::install(&debian::for_mac_link()).context("pip is missing, which gets Zig")
}

fn pip() -> Command {
    let mut command = Command::new("python3");
    command.args(["-m", "pip"]);
    command
}
