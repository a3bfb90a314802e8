//! Debian's package of busybox where there is no apt (macOS, other distributions): a download of a known version with a known digest.

use super::{VARIABLE, deb};
use crate::architecture::Architecture;
use crate::progress::say;
use crate::{digest, process};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian keeps the package for as long as a release has this version.
const POOL: &str = "https://deb.debian.org/debian/pool/main/b/busybox";
const VERSION: &str = "1.35.0-4+deb12u1+b1";

/// SHA-256 of the package, as the signed `Packages` file of Debian 12 has it.
const fn sha256(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "3d3fdbe91d4660c873e14b092c213fe81c1da6362daa236eb25d0171eb108744",
        Architecture::Aarch64 => "732c9135564fc71337e0e05fb4da4d11e6c28c1834bce3e405e575afef2a52f5",
    }
}

/// Downloads the package and unpacks it below `scratch`; returns the unpacked tree.
///
/// # Errors
/// When it cannot be had, or is not what it should be.
pub(super) fn unpack(architecture: Architecture, scratch: &Path) -> Result<PathBuf> {
    let url = format!("{POOL}/busybox-static_{VERSION}_{}.deb", architecture.oci_name());
    let file = scratch.join("package.deb");
    say(format_args!("downloading {url}"));
    process::run(
        Command::new("curl")
            .args(["--fail", "--silent", "--show-error", "--location", "--output"])
            .arg(&file)
            .arg(&url),
    )
    .with_context(|| {
        format!(
            "cannot get a busybox; {VARIABLE} may name a static one for Linux on {}",
            architecture.name()
        )
    })?;
    let package = fs::read(&file)?;
    let found = digest::of_bytes(&package);
    if found != sha256(architecture) {
        bail!("{url} has the sha256 {found} instead of {}", sha256(architecture));
    }
    deb::unpack(&package, scratch)
}
