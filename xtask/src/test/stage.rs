//! Where the end-to-end tests run: a copy of the install tree and a home that the ordinary user of [`super::as_user`] can read and write.
//!
//! A checkout under /root is closed to everybody else, hence the copy. Everything is removed when the stage is dropped.

use super::{as_user, debian_tar};
use crate::architecture::Architecture;
use crate::{dist, process};
use anyhow::{Context, Result};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Name of the Debian root file system in the stage.
const DEBIAN_TAR: &str = "debian.tar";

/// The prepared directory.
pub(crate) struct Stage {
    directory: tempfile::TempDir,
}

impl Stage {
    /// Copies the install tree to a new directory. Its path is short, because it becomes part of socket paths.
    ///
    /// # Errors
    /// When something cannot be created.
    pub(crate) fn new(install_tree: &Path) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("c-e2e-")
            .tempdir_in("/tmp")
            .context("cannot create a directory in /tmp")?;
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755))?;
        let stage = Self { directory };
        process::run(Command::new("cp").arg("-R").arg(install_tree).arg(stage.path("dist")))?;
        process::run(Command::new("chmod").arg("-R").arg("a+rX").arg(stage.path("dist")))?;
        if rustix::process::geteuid().is_root() {
            fs::copy(debian_tar::cached()?, stage.path(DEBIAN_TAR))
                .context("cannot copy the Debian root file system")?;
            fs::set_permissions(stage.path(DEBIAN_TAR), Permissions::from_mode(0o644))?;
        }
        for (name, mode) in [("home", 0o700), ("run", 0o700), ("tmp", 0o700), ("bin", 0o755)] {
            let path = stage.path(name);
            fs::create_dir(&path)?;
            fs::set_permissions(&path, Permissions::from_mode(mode))?;
            if rustix::process::geteuid().is_root() {
                chown(&path, Some(as_user::NOBODY), Some(as_user::NOBODY))
                    .with_context(|| format!("cannot give {} away", path.display()))?;
            }
        }
        Ok(stage)
    }

    /// Lets `runner` start the test binaries through this program, and tells the tests where the binary under test is.
    ///
    /// # Errors
    /// When the path of this program is unknown.
    pub(crate) fn apply(&self, runner: &mut Command) -> Result<()> {
        let target = format!("{}-unknown-linux-gnu", Architecture::host().name())
            .to_uppercase()
            .replace('-', "_");
        // This program may be rebuilt while the tests run; the copy stays.
        let program = dist::place(&std::env::current_exe()?, &self.path("xtask"))?;
        let mut words = program.into_os_string();
        words.push(" as-user");
        runner
            .env(format!("CARGO_TARGET_{target}_RUNNER"), words)
            .env(as_user::STAGE, self.directory.path())
            .env("CONTAINER_INSTALL_ROOT", self.path("dist"))
            .env("CONTAINER_BIN", self.path("dist/bin/container"));
        if self.path(DEBIAN_TAR).exists() {
            runner.env("E2E_DEBIAN_TAR", self.path(DEBIAN_TAR));
        }
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}
