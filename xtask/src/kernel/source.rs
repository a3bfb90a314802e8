//! Gets the kernel source and verifies it.
//!
//! The pinned version must have the pinned digest, a given tarball the given one. Where the archive does not have the pinned version, a newer
//! release of the same series that apt has verified by its signatures is taken, with a message; its digest is checked as well if
//! `kernel/source.toml` has it.

use super::pin::Pin;
use crate::progress::say;
use crate::{cache, debian, digest, process};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which source to build from.
pub(crate) enum Choice {
    /// What `kernel/source.toml` says.
    Pinned,
    /// A tarball with the digest it must have.
    Given { tarball: PathBuf, sha256: String },
}

/// A source that has been checked.
pub(crate) struct Source {
    pub(crate) tarball: PathBuf,
    pub(crate) sha256: String,
    /// For messages.
    pub(crate) description: String,
}

/// The digest that `choice` is bound to, as far as that is known without the source itself.
///
/// # Errors
/// When `kernel/source.toml` cannot be read.
pub(crate) fn expected_sha256(choice: &Choice) -> Result<Option<String>> {
    match choice {
        Choice::Pinned => Ok(Some(Pin::read()?.pinned_sha256()?.to_owned())),
        Choice::Given { sha256, .. } => Ok(Some(sha256.to_ascii_lowercase())),
    }
}

/// Gets the source: from the file given, from an installed package, from the cache, or by apt without installing anything.
///
/// # Errors
/// When there is none, or its digest is not the expected one.
pub(crate) fn obtain(choice: &Choice) -> Result<Source> {
    match choice {
        Choice::Given { tarball, sha256 } => {
            let description = tarball.display().to_string();
            checked(tarball.clone(), description, &sha256.to_ascii_lowercase())
        }
        Choice::Pinned => obtain_pinned(&Pin::read()?),
    }
}

fn obtain_pinned(pin: &Pin) -> Result<Source> {
    let expected = pin.pinned_sha256()?;
    let description = format!("Debian's {} {}", pin.package, pin.version);
    let installed = Path::new("/").join(&pin.tarball);
    if installed.exists() && digest::of_file(&installed)? == expected {
        return Ok(Source {
            tarball: installed,
            sha256: expected.to_owned(),
            description,
        });
    }
    let tarball = cached_path(pin, &pin.version)?;
    if !tarball.exists() {
        say(format_args!("downloading {description} (about 150 MB)"));
        if !download(pin, &pin.version, &tarball)? {
            return obtain_newer(pin);
        }
    }
    checked(tarball, description, expected)
}

/// Another release of the pinned series, not older than the pinned one.
fn obtain_newer(pin: &Pin) -> Result<Source> {
    let listing = process::output(Command::new("apt-cache").args(["madison", &pin.package]))?;
    let version = newest(&listing, pin).with_context(|| {
        format!(
            "apt has neither {} {} nor a later {} release; get the tarball elsewhere and pass --source TARBALL --sha256 HEX",
            pin.package, pin.version, pin.series
        )
    })?;
    let tarball = cached_path(pin, &version)?;
    if !tarball.exists() && !download(pin, &version, &tarball)? {
        bail!(
            "apt lists {} {version} but cannot download it; pass --source TARBALL --sha256 HEX",
            pin.package
        );
    }
    let description = format!("Debian's {} {version}", pin.package);
    if let Some(expected) = pin.sha256.get(&version) {
        return checked(tarball, description, expected);
    }
    let sha256 = digest::of_file(&tarball)?;
    say(format_args!(
        "NOTE: the pinned kernel source {} is gone from the archive",
        pin.version
    ));
    say(format_args!(
        "NOTE: building {version} instead; apt has verified it, kernel/source.toml has no digest for it: {sha256}"
    ));
    Ok(Source {
        tarball,
        sha256,
        description,
    })
}

/// The newest version of our series in the output of `apt-cache madison` (which lists newest first), unless it is older than the pinned one.
fn newest(listing: &str, pin: &Pin) -> Option<String> {
    let version = listing
        .lines()
        .filter_map(|line| line.split('|').nth(1))
        .map(str::trim)
        .find(|version| pin.in_series(version))?;
    let comparison = Command::new("dpkg")
        .args(["--compare-versions", version, "ge", &pin.version])
        .status();
    comparison
        .is_ok_and(|status| status.success())
        .then(|| version.to_owned())
}

fn checked(tarball: PathBuf, description: String, expected: &str) -> Result<Source> {
    let sha256 = digest::of_file(&tarball)?;
    if sha256 != expected {
        bail!(
            "{} is not what it should be:\n  expected sha256 {expected}\n  found    sha256 {sha256}\n\
             delete it and try again, or build from a tarball of your own with --source TARBALL --sha256 HEX",
            tarball.display()
        );
    }
    Ok(Source {
        tarball,
        sha256,
        description,
    })
}

fn cached_path(pin: &Pin, version: &str) -> Result<PathBuf> {
    Ok(cache::directory()?
        .join("source")
        .join(format!("{}_{version}.tar.xz", pin.package)))
}

/// Takes the tarball out of the package. False when apt does not have that version.
fn download(pin: &Pin, version: &str, destination: &Path) -> Result<bool> {
    let directory = destination.parent().context("a path without a parent")?;
    fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let scratch = tempfile::Builder::new().prefix(".download-").tempdir_in(directory)?;
    let Some(tree) = debian::unpack(&format!("{}={version}", pin.package), scratch.path())? else {
        return Ok(false);
    };
    fs::rename(tree.join(&pin.tarball), destination)
        .with_context(|| format!("{} {version} has no {}", pin.package, pin.tarball))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_tarball_must_have_the_given_digest() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), b"abc").unwrap();
        let sha256 = digest::of_bytes(b"abc").to_uppercase();
        let right = obtain(&Choice::Given {
            tarball: file.path().to_owned(),
            sha256,
        })
        .unwrap();
        assert_eq!(right.sha256, digest::of_bytes(b"abc"));
        let wrong = obtain(&Choice::Given {
            tarball: file.path().to_owned(),
            sha256: "00".repeat(32),
        });
        let message = wrong.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(
            message.contains("--source") && message.contains(&right.sha256),
            "{message}"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_a_later_release_of_the_same_series_replaces_the_pinned_one() {
        container_require::require!(process::find("dpkg").is_some(), "dpkg");
        let pin = Pin::read().unwrap();
        let listing =
            |version: &str| format!("linux-source-6.12 | {version} | http://deb.debian.org/debian-security\n");
        assert_eq!(newest(&listing("6.12.999-1"), &pin).as_deref(), Some("6.12.999-1"));
        assert_eq!(
            newest(&(listing("6.13.1-1") + &listing("6.12.999-1")), &pin).as_deref(),
            Some("6.12.999-1")
        );
        assert_eq!(newest(&listing("6.12.1-1"), &pin), None);
        assert_eq!(newest("", &pin), None);
    }
}
