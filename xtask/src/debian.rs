//! Debian packages: what is missing, and installing it.
//!
//! A package counts as present when the file it is wanted for is, so that another source of the same program is left alone.

use crate::architecture::Architecture;
use crate::process;
use crate::progress::say;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A package and the file that shows that it is not needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    /// The package's name.
    pub(crate) name: &'static str,
    /// A program looked for in `PATH`, or an absolute path.
    pub(crate) shows: &'static str,
}

const fn package(name: &'static str, shows: &'static str) -> Package {
    Package { name, shows }
}

/// What building and running needs on this host.
pub(crate) fn for_setup() -> Vec<Package> {
    let mut packages = vec![
        package("gcc", "gcc"),
        package("libc6-dev", "/usr/include/stdio.h"),
        package("make", "make"),
        package("flex", "flex"),
        package("bison", "bison"),
        package("bc", "bc"),
        package("libelf-dev", "/usr/include/libelf.h"),
        package("libssl-dev", "/usr/include/openssl/ssl.h"),
        package("patch", "patch"),
        package("perl", "perl"),
        package("xz-utils", "xz"),
        package("e2fsprogs", "mke2fs"),
    ];
    packages.push(match Architecture::host() {
        Architecture::X86_64 => package("qemu-system-x86", "qemu-system-x86_64"),
        Architecture::Aarch64 => package("qemu-system-arm", "qemu-system-aarch64"),
    });
    packages
}

/// What a kernel for `architecture` needs in addition.
pub(crate) fn for_cross_kernel(architecture: Architecture) -> Vec<Package> {
    match architecture {
        _ if architecture == Architecture::host() => Vec::new(),
        Architecture::X86_64 => vec![package("gcc-x86-64-linux-gnu", "x86_64-linux-gnu-gcc")],
        Architecture::Aarch64 => vec![package("gcc-aarch64-linux-gnu", "aarch64-linux-gnu-gcc")],
    }
}

/// What the tests use as peers, judges and sources of real data.
pub(crate) fn for_tests() -> Vec<Package> {
    vec![
        package("busybox-static", "busybox"),
        package("docker-registry", "docker-registry"),
        package("apache2-utils", "htpasswd"),
        package("openssl", "openssl"),
        package("skopeo", "skopeo"),
        package("mmdebstrap", "mmdebstrap"),
        package("expect", "expect"),
        package("tmux", "tmux"),
        package("zstd", "zstd"),
    ]
}

/// What `cargo xtask bench images` compares with and measures by.
pub(crate) fn for_image_bench() -> Vec<Package> {
    vec![
        package("docker-registry", "docker-registry"),
        package("skopeo", "skopeo"),
        package("mmdebstrap", "mmdebstrap"),
        package("podman", "podman"),
        package("runc", "runc"),
        package("curl", "curl"),
        package("time", "/usr/bin/time"),
    ]
}

/// Installs those of `packages` that are missing.
///
/// # Errors
/// When this is not Debian or a relative of it, when there is neither root nor `sudo`, or when apt fails: the message has the command to run.
pub(crate) fn install(packages: &[Package]) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .filter(|package| !present(package.shows))
        .map(|package| package.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let by_hand = format!("apt-get update && apt-get install --no-install-recommends {names}");
    if process::find("apt-get").is_none() {
        bail!(
            "missing here: {names} (Debian's names). Only Debian and its relatives are installed for; install them with your package manager"
        );
    }
    let Some(prefix) = privilege() else {
        bail!("missing packages and no right to install them; run as root: {by_hand}");
    };
    say(format_args!("installing {names}"));
    if !known(&missing) {
        apt(prefix, &["update"]).with_context(|| format!("run as root: {by_hand}"))?;
    }
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(&missing);
    if apt(prefix, &arguments).is_err() {
        say("the package lists seem to be out of date: updating them once");
        apt(prefix, &["update"])?;
        apt(prefix, &arguments).with_context(|| format!("run as root: {by_hand}"))?;
    }
    Ok(())
}

/// Downloads a package (`name` or `name=version`) and unpacks it below `scratch` without installing it, which needs no root; returns the unpacked
/// tree. apt verifies the package. `None` when apt does not have it, also after a refresh of its lists.
///
/// # Errors
/// When the package cannot be unpacked.
pub(crate) fn unpack(package: &str, scratch: &Path) -> Result<Option<PathBuf>> {
    let attempt = || {
        process::output(
            Command::new("apt-get")
                .args(["-q", "-o", "APT::Get::AllowUnauthenticated=false", "download", package])
                .current_dir(scratch),
        )
    };
    if attempt().is_err() && (update().is_err() || attempt().is_err()) {
        return Ok(None);
    }
    let file = fs::read_dir(scratch)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get download left no package")?;
    let tree = scratch.join("tree");
    process::run(Command::new("dpkg-deb").arg("-x").arg(file).arg(&tree))?;
    Ok(Some(tree))
}

fn present(shows: &str) -> bool {
    if shows.starts_with('/') {
        Path::new(shows).exists()
    } else {
        process::find(shows).is_some()
    }
}

/// The words before a command that make it run as root, if there are such.
fn privilege() -> Option<&'static [&'static str]> {
    if rustix::process::geteuid().is_root() {
        return Some(&[]);
    }
    let sudo = Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    sudo.is_ok_and(|status| status.success()).then_some(&["sudo", "-n"])
}

/// Refreshes apt's package lists, with whatever right we have.
fn update() -> Result<()> {
    let prefix = privilege().context("run as root: apt-get update")?;
    apt(prefix, &["update"])
}

/// Do apt's lists have all of these?
fn known(names: &[&str]) -> bool {
    let simulation = Command::new("apt-get")
        .args(["install", "--simulate", "--no-install-recommends"])
        .args(names)
        .stdin(Stdio::null())
        .output();
    simulation.is_ok_and(|output| output.status.success())
}

fn apt(prefix: &[&str], arguments: &[&str]) -> Result<()> {
    // `env` carries the variable through sudo, which drops the environment.
    let words: Vec<&str> = prefix
        .iter()
        .copied()
        .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"])
        .chain(arguments.iter().copied())
        .collect();
    let (program, rest) = words.split_first().context("an empty command line")?;
    // apt's own report belongs to the progress, not to the result.
    process::run(Command::new(program).args(rest).stdout(std::io::stderr()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_present_when_its_file_is() {
        assert!(present("sh"));
        assert!(present("/"));
        assert!(!present("no-such-program-anywhere"));
        assert!(!present("/no/such/header.h"));
    }

    #[test]
    fn nothing_missing_installs_nothing() {
        install(&[package("a-package-that-does-not-exist", "sh")]).unwrap();
    }
}
