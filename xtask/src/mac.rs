//! `cargo xtask mac`: checks that everything but the guest compiles for macOS without a warning of clippy.
//!
//! Only compiling is checked, so crates with C need no compiler for macOS: their build scripts are given a program that does nothing.

use crate::progress::say;
use crate::{guest, process, workspace};
use anyhow::{Result, bail};
use std::process::Command;

const TARGET: &str = "aarch64-apple-darwin";

/// Options of `cargo xtask mac`.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Runs clippy, which checks all that `cargo check` does, for [`TARGET`].
///
/// # Errors
/// When the target is not installed and cannot be, or the check fails.
pub(crate) fn run(_arguments: &Arguments) -> Result<()> {
    if !guest::ensure_std(TARGET) {
        bail!("no Rust standard library for {TARGET}; run: rustup target add {TARGET}");
    }
    say(format_args!("checking the workspace for {TARGET}"));
    let mut cargo = Command::new(workspace::cargo());
    cargo.args([
        "clippy",
        "--locked",
        "--workspace",
        "--exclude",
        "container-vminitd",
        "--exclude",
        "container-workload",
    ]);
    cargo.args(["--target", TARGET]);
    if cfg!(not(target_os = "macos")) {
        cargo
            .env("CC_aarch64_apple_darwin", "/bin/true")
            .env("AR_aarch64_apple_darwin", "/bin/true");
    }
    process::run(cargo.args(["--", "--deny", "warnings"]).current_dir(workspace::root()))
}
