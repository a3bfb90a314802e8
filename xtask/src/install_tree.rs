//! The install tree, `target/dist`: `bin/container` and `share/container/…`, which the binary finds next to itself. Copying it anywhere installs it.

use crate::{process, workspace};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Root of the install tree.
pub(crate) fn directory() -> PathBuf {
    workspace::target_directory().join("dist")
}

/// Where kernels and initial file systems go.
pub(crate) fn share_directory() -> PathBuf {
    directory().join("share/container")
}

/// The program in the install tree.
pub(crate) fn program() -> PathBuf {
    directory().join("bin/container")
}

/// How the `container` binary is compiled (Cargo.toml has the profiles).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Optimised for speed: the program that is packed and measured.
    Release,
    /// Optimised for a short compilation: the program that `setup` and `demo` leave.
    Quick,
    /// As the tests of the workspace are compiled, with what they have compiled already, and with checks of its own arithmetic: the program that the
    /// end-to-end tests run.
    Tested,
}

impl Profile {
    /// Cargo's name of it.
    fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Quick => "quick",
            Self::Tested => "dev",
        }
    }

    /// The directory below `target` with what was compiled so.
    fn directory(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Quick => "quick",
            Self::Tested => "debug",
        }
    }
}

/// Builds the `container` binary and puts it into the install tree.
///
/// # Errors
/// When the build fails.
pub(crate) fn build_program(profile: Profile) -> Result<PathBuf> {
    process::run(
        Command::new(workspace::cargo())
            .args(["build", "--locked", "--package", "container-cli", "--bin", "container"])
            .args(["--profile", profile.name()])
            .current_dir(workspace::root()),
    )?;
    let built = workspace::target_directory()
        .join(profile.directory())
        .join("container");
    place(&built, &program())
}

/// Has the program in the install tree write its manual pages into it, where `man` finds them once the tree is installed.
///
/// # Errors
/// When it fails.
pub(crate) fn write_man_pages() -> Result<()> {
    let pages = directory().join("share/man/man1");
    // Those of commands that there were.
    if pages.exists() {
        fs::remove_dir_all(&pages).with_context(|| format!("cannot remove {}", pages.display()))?;
    }
    process::output(Command::new(program()).arg("--generate-man-pages").arg(pages))?;
    Ok(())
}

/// Copies `from` to `to`, which is replaced by a rename, so that a machine that starts does not see half a file. A copy and not a link, so that
/// changes to the install tree do not change the cache.
///
/// # Errors
/// When `to` cannot be written.
pub(crate) fn place(from: &Path, to: &Path) -> Result<PathBuf> {
    let parent = to.parent().context("a path without a parent")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    let partial = to.with_extension(format!("partial-{}", std::process::id()));
    fs::copy(from, &partial).with_context(|| format!("cannot copy {} to {}", from.display(), partial.display()))?;
    fs::rename(&partial, to).with_context(|| format!("cannot create {}", to.display()))?;
    Ok(to.to_owned())
}

/// The files of the install tree with their sizes in bytes, by path.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn sizes() -> Result<Vec<(String, u64)>> {
    let mut sizes = Vec::new();
    for folder in ["bin", "share/container"] {
        let path = directory().join(folder);
        for entry in fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
            let entry = entry?;
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            sizes.push((name, entry.metadata()?.len()));
        }
    }
    sizes.sort();
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placing_replaces_and_leaves_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let from = directory.path().join("from");
        let to = directory.path().join("share/to");
        for content in ["one", "two"] {
            fs::write(&from, content).unwrap();
            assert_eq!(fs::read_to_string(place(&from, &to).unwrap()).unwrap(), content);
        }
        assert_eq!(fs::read_dir(directory.path().join("share")).unwrap().count(), 1);
    }
}
