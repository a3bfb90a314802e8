//! `cargo xtask mac first-contact`: what a Mac says about itself and about the program that was built on it, as a block of lines to send back.
//!
//! docs/macos.md says who needs it. Nothing of the user is in it but the directories that `system status` names.

use super::facts::Fact;
use crate::{install_tree, process, sign};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// The image that `cargo xtask demo` leaves.
const IMAGE: &str = "demo:latest";
/// Where Apple keeps the translator that a Linux guest is given (its presence says that Rosetta is installed).
const ROSETTA: &str = "/Library/Apple/usr/libexec/oah/RosettaLinux/rosetta";

/// Facts that a command prints: the name, and the command line.
const COMMANDS: [(&str, &[&str]); 17] = [
    ("macOS", &["sw_vers", "-productVersion"]),
    ("build", &["sw_vers", "-buildVersion"]),
    ("architecture", &["uname", "-m"]),
    ("model", &["sysctl", "-n", "hw.model"]),
    ("processor", &["sysctl", "-n", "machdep.cpu.brand_string"]),
    ("processors", &["sysctl", "-n", "hw.ncpu"]),
    ("memory in bytes", &["sysctl", "-n", "hw.memsize"]),
    ("can make virtual machines", &["sysctl", "-n", "kern.hv_support"]),
    ("is a virtual machine", &["sysctl", "-n", "kern.hv_vmm_present"]),
    (
        "longest datagram in bytes",
        &["sysctl", "-n", "net.local.dgram.maxdgram"],
    ),
    (
        "largest socket buffer in bytes",
        &["sysctl", "-n", "kern.ipc.maxsockbuf"],
    ),
    ("open files, soft limit", &["sh", "-c", "ulimit -Sn"]),
    ("open files, of the system", &["sysctl", "-n", "kern.maxfiles"]),
    ("Rust", &["rustc", "--version"]),
    ("Homebrew", &["brew", "--version"]),
    ("QEMU for arm64", &["qemu-system-aarch64", "--version"]),
    ("QEMU for x86-64", &["qemu-system-x86_64", "--version"]),
];

/// Prints the block on standard output. A fact that cannot be had is a line as well.
///
/// # Errors
/// When this is no Mac.
pub(super) fn run() -> Result<()> {
    if cfg!(not(target_os = "macos")) {
        bail!(
            "this describes a Mac to those who have none, and this machine runs {}. On a Mac, run `cargo xtask demo` first, then this",
            std::env::consts::OS
        );
    }
    for fact in facts(&install_tree::program()) {
        println!("{fact}");
    }
    Ok(())
}

fn facts(program: &Path) -> Vec<Fact> {
    let mut facts: Vec<Fact> = COMMANDS
        .iter()
        .map(|(name, words)| Fact::new(name, printed(words)))
        .collect();
    let rosetta = if Path::new(ROSETTA).exists() {
        "installed"
    } else {
        "not installed"
    };
    facts.push(Fact::new("Rosetta for Linux", Ok(rosetta.to_owned())));
    facts.push(Fact::new("checkout", checkout()));
    facts.push(Fact::new("signature", built(program).and_then(|()| signature(program))));
    let status = || process::output(Command::new(program).args(["system", "status", "--format", "json"]));
    facts.push(Fact::new("system status", built(program).and_then(|()| status())));
    match built(program).and_then(|()| timed_run(program)) {
        Ok((seconds, phases)) => {
            facts.push(Fact::new("container run, seconds", Ok(seconds)));
            facts.push(Fact::new("container run, phases", phases));
        }
        Err(error) => facts.push(Fact::new("container run, seconds", Err(error))),
    }
    facts
}

/// What a command prints.
fn printed(words: &[&str]) -> Result<String> {
    let (program, arguments) = words.split_first().context("an empty command line")?;
    process::output(Command::new(program).args(arguments))
}

/// The commit, and whether files differ from it.
fn checkout() -> Result<String> {
    let git = |arguments: &[&str]| {
        process::output(
            Command::new("git")
                .args(arguments)
                .current_dir(crate::workspace::root()),
        )
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let changed = git(&["status", "--porcelain"])?.lines().count();
    Ok(match changed {
        0 => commit,
        count => format!("{commit}, {count} files changed"),
    })
}

/// What `codesign` says of the program: its flags, on standard error, and the entitlements.
fn signature(program: &Path) -> Result<String> {
    let entitlements = process::output(Command::new("codesign").args(sign::reading(program)))?;
    let details = Command::new("codesign")
        .args(["--display", "--verbose=2"])
        .arg(program)
        .output()?;
    let details = String::from_utf8_lossy(&details.stderr).into_owned();
    let kept = ["Identifier=", "CodeDirectory ", "Signature=", "TeamIdentifier="];
    let details = details
        .lines()
        .filter(|line| kept.iter().any(|start| line.starts_with(start)));
    Ok(details.chain(entitlements.lines()).collect::<Vec<_>>().join("\n"))
}

/// The wall time of a container that does nothing, and what the launcher writes about the phases of its start.
fn timed_run(program: &Path) -> Result<(String, Result<String>)> {
    let scratch = tempfile::tempdir()?;
    let phases = scratch.path().join("timings");
    let start = Instant::now();
    process::output(
        Command::new(program)
            .args(["run", "--rm", IMAGE, "true"])
            .env("CONTAINER_TIMINGS", &phases),
    )
    .with_context(|| format!("no run of {IMAGE}, which cargo xtask demo makes"))?;
    let seconds = format!("{:.2}", start.elapsed().as_secs_f64());
    Ok((seconds, fs::read_to_string(&phases).context("the launcher wrote none")))
}

fn built(program: &Path) -> Result<()> {
    if !program.is_file() {
        bail!("{} is not built yet: cargo xtask demo", program.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_machine_lacks_is_a_line_with_the_reason() {
        let lines: Vec<String> = facts(Path::new("/no/such/container"))
            .iter()
            .map(Fact::to_string)
            .collect();
        assert!(lines.iter().all(|line| line.lines().count() == 1), "{lines:?}");
        let line = |name: &str| {
            lines
                .iter()
                .find(|line| line.starts_with(&format!("{name}: ")))
                .unwrap()
        };
        assert!(!line("architecture").contains("not known"), "{lines:?}");
        for name in ["signature", "system status", "container run, seconds"] {
            assert!(
                line(name).contains("not known: /no/such/container is not built yet"),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn a_run_is_timed_and_its_failure_told() {
        assert!(
            timed_run(Path::new("true"))
                .is_ok_and(|(seconds, phases)| seconds.parse::<f64>().is_ok() && phases.is_err())
        );
        assert!(timed_run(Path::new("false")).is_err());
    }
}
