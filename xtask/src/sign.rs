//! `cargo xtask sign`: gives the built program the signature without which macOS lets it make no virtual machine.
//!
//! The signature says that the program may use Virtualization.framework, and that it wants the hardened runtime. It is ad hoc unless an identity
//! is named: that is enough on the Mac that built it. A running program keeps its file: a signed copy is renamed into the place of the old one.

use crate::progress::say;
use crate::{cache, install_tree, process, workspace};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The identity of an ad hoc signature (codesign(1)).
pub(crate) const AD_HOC: &str = "-";
/// What the program may do, in the tree.
const ENTITLEMENTS: &str = "packaging/macos/container.entitlements";
/// The entitlement without which Virtualization.framework refuses to make a machine.
const VIRTUALIZATION: &str = "com.apple.security.virtualization";
/// What the signature calls the program; else it would be the name of the copy.
const IDENTIFIER: &str = "container";

/// Options of `cargo xtask sign`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Whose signature it is: the name of a certificate in the Keychain, or `-` for none.
    #[arg(long, value_name = "NAME", default_value = AD_HOC, allow_hyphen_values = true)]
    identity: String,
}

/// Signs the program in the install tree.
///
/// # Errors
/// When this is no Mac, nothing is built yet, or `codesign` fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if cfg!(not(target_os = "macos")) {
        bail!(
            "a program is signed by macOS's own codesign, which {} does not have. Nothing is to be signed here: only macOS asks for a \
             signature. On a Mac, `cargo xtask setup` signs what it builds, and this task signs it again",
            std::env::consts::OS
        );
    }
    program(&install_tree::program(), &arguments.identity)
}

/// Signs the program at `path` and checks that the signature allows virtual machines.
///
/// # Errors
/// When it is not there, cannot be copied or replaced, or `codesign` fails; the program is then as it was.
pub(crate) fn program(path: &Path, identity: &str) -> Result<()> {
    let directory = path.parent().context("a program without a directory")?;
    if !path.is_file() {
        bail!(
            "nothing to sign: {} is not there; cargo xtask setup builds it",
            path.display()
        );
    }
    // Two codesigns that work on one file at once damage it.
    let _lock = cache::lock(&workspace::target_directory().join("sign"))?;
    let scratch = tempfile::Builder::new()
        .prefix(".signing-")
        .tempdir_in(directory)
        .with_context(|| format!("cannot write to {}", directory.display()))?;
    let copy = scratch.path().join("container");
    fs::copy(path, &copy).with_context(|| format!("cannot copy {}", path.display()))?;
    process::run(Command::new("codesign").args(signing(identity, &entitlements(), &copy)))?;
    let said = process::output(Command::new("codesign").args(reading(&copy)))?;
    if !said.contains(VIRTUALIZATION) {
        bail!("the signature lacks {VIRTUALIZATION}; codesign says of it: {said}");
    }
    fs::rename(&copy, path).with_context(|| format!("cannot replace {}", path.display()))?;
    let whose = if identity == AD_HOC { "ad hoc" } else { identity };
    say(format_args!(
        "signed {} ({whose}), with {VIRTUALIZATION}",
        path.display()
    ));
    Ok(())
}

fn entitlements() -> PathBuf {
    workspace::root().join(ENTITLEMENTS)
}

/// The words after `codesign` that sign `program`.
fn signing(identity: &str, entitlements: &Path, program: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = [
        "--force",
        "--options",
        "runtime",
        "--identifier",
        IDENTIFIER,
        "--sign",
        identity,
    ]
    .map(OsString::from)
    .into();
    words.extend(["--entitlements".into(), entitlements.into(), program.into()]);
    words
}

/// The words after `codesign` that print the entitlements of `program` on standard output.
pub(crate) fn reading(program: &Path) -> Vec<OsString> {
    vec!["--display".into(), "--entitlements".into(), "-".into(), program.into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: Vec<OsString>) -> String {
        words.join(" ".as_ref()).into_string().unwrap()
    }

    #[test]
    fn a_signature_has_the_hardened_runtime_and_replaces_an_older_one() {
        assert_eq!(
            line(signing(AD_HOC, Path::new("/e"), Path::new("/p"))),
            "--force --options runtime --identifier container --sign - --entitlements /e /p"
        );
        assert_eq!(line(reading(Path::new("/p"))), "--display --entitlements - /p");
    }

    #[test]
    fn the_program_may_use_virtual_machines_and_nothing_else() {
        let text = fs::read_to_string(entitlements()).unwrap();
        let keys: Vec<_> = text
            .split("<key>")
            .skip(1)
            .filter_map(|rest| rest.split("</key>").next())
            .collect();
        // A restricted entitlement, such as com.apple.vm.networking, makes macOS kill a program that Apple has not allowed it.
        assert_eq!(keys, [VIRTUALIZATION]);
        assert!(
            text.contains(&format!("<key>{VIRTUALIZATION}</key>\n\t<true/>")),
            "{text}"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = program(Path::new("/no/such/container"), AD_HOC)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("/no/such/container") && error.contains("cargo xtask setup"),
            "{error}"
        );
    }
}
