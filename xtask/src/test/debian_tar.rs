//! A Debian root file system for the end-to-end tests and the benchmarks, made once as root: an ordinary user would need user namespaces for it.

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

/// The cached tar archive, made by mmdebstrap if it is not there yet.
///
/// # Errors
/// When mmdebstrap fails.
pub(crate) fn cached() -> Result<PathBuf> {
    let directory = cache::directory()?.join("debian");
    let _lock = cache::lock(&directory)?;
    let archive = directory.join(format!("{SUITE}-apt-attr.tar"));
    if archive.exists() {
        return Ok(archive);
    }
    say(format_args!("making a Debian {SUITE} root file system for the tests"));
    let unfinished = directory.join("unfinished.tar");
    process::run(
        Command::new("mmdebstrap")
            .args(["--quiet", "--variant=apt", &format!("--include={PACKAGES}"), SUITE])
            .arg(&unfinished),
    )?;
    fs::rename(&unfinished, &archive).with_context(|| format!("cannot rename {}", unfinished.display()))?;
    Ok(archive)
}
