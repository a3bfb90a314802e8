//! A Debian root file system for the end-to-end tests and the benchmarks, made once as root: an ordinary user would need user namespaces for it.

use crate::architecture::Architecture;
use crate::progress::say;
use crate::{cache, process};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The release in the tests' image.
const SUITE: &str = "bookworm";
/// Packages that the smallest variant with apt does not have: the tests of layers use `getfattr` and `getfacl`.
const PACKAGES: &str = "acl,attr";

/// What a root file system for another architecture has. Its programs cannot run here, so its packages are unpacked and not configured, which is
/// enough for the programs named here; mmdebstrap adds what they depend on.
const FOREIGN_PACKAGES: &str = "apt,base-files,base-passwd,bash,coreutils,dash,grep,libc-bin,sed,tar";

/// The cached tar archive, made by mmdebstrap if it is not there yet.
///
/// # Errors
/// When mmdebstrap fails.
pub(crate) fn cached(architecture: Architecture) -> Result<PathBuf> {
    let (name, variant, packages) = if architecture == Architecture::host() {
        (format!("{SUITE}-apt-attr.tar"), "apt", PACKAGES)
    } else {
        let name = format!("{SUITE}-unpacked-{}.tar", architecture.oci_name());
        (name, "extract", FOREIGN_PACKAGES)
    };
    let directory = cache::directory()?.join("debian");
    let _lock = cache::lock(&directory)?;
    let archive = directory.join(name);
    if archive.exists() {
        return Ok(archive);
    }
    say(format_args!(
        "making a Debian {SUITE} root file system for the tests, {}",
        architecture.oci_name()
    ));
    let unfinished = directory.join("unfinished.tar");
    process::run(
        Command::new("mmdebstrap")
            .arg("--quiet")
            .arg(format!("--architectures={}", architecture.oci_name()))
            .arg(format!("--variant={variant}"))
            .arg(format!("--include={packages}"))
            .arg(SUITE)
            .arg(&unfinished),
    )?;
    fs::rename(&unfinished, &archive).with_context(|| format!("cannot rename {}", unfinished.display()))?;
    Ok(archive)
}
