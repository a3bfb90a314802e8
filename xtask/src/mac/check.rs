//! `cargo xtask mac check`: everything but the guest compiles for both kinds of Mac without a warning of clippy, tests included.
//!
//! Only compiling is checked, so crates with C need no compiler for macOS: their build scripts are given a program that does nothing.

use super::target::Target;
use crate::progress::say;
use crate::{process, workspace};
use anyhow::Result;
use std::process::Command;

/// Packages that run in the guest only, which is Linux.
const GUEST: [&str; 4] = [
    "container-files-load",
    "container-peer",
    "container-vminitd",
    "container-workload",
];

/// Runs clippy, which checks all that `cargo check` does, for all targets.
///
/// # Errors
/// When a target is not installed and cannot be, or a check fails.
pub(super) fn run() -> Result<()> {
    for target in Target::ALL {
        target.ensure_std()?;
    }
    say("checking the workspace and its tests for both kinds of Mac");
    process::run(&mut clippy())
}

/// One run for all targets: what one leaves of the processors at its end, the other one uses.
fn clippy() -> Command {
    let mut cargo = Command::new(workspace::cargo());
    cargo.current_dir(workspace::root());
    cargo.args(["clippy", "--locked", "--workspace", "--all-targets"]);
    for package in GUEST {
        cargo.args(["--exclude", package]);
    }
    for target in Target::ALL {
        cargo.args(["--target", target.triple()]);
        if cfg!(not(target_os = "macos")) {
            cargo.env(target.variable("CC"), "/bin/true");
            cargo.env(target.variable("AR"), "/bin/true");
        }
    }
    cargo.args(["--", "--deny", "warnings"]);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_checked_and_the_guest_is_not() {
        let line = process::line(&clippy());
        assert!(line.contains("--all-targets"), "{line}");
        for target in Target::ALL {
            assert!(line.contains(&format!("--target {}", target.triple())), "{line}");
        }
        assert!(
            line.contains("--exclude container-files-load --exclude container-peer --exclude container-vminitd --exclude container-workload"),
            "{line}"
        );
        assert!(line.ends_with("-- --deny warnings"), "{line}");
    }
}
