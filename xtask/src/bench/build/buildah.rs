//! buildah with a store of its own.

use super::TAG;
use super::contexts::Context;
use crate::bench::app_root::AppRoot;
use crate::process;
use anyhow::{Context as _, Result};
use std::path::Path;
use std::process::Command;

/// buildah. Its store is removed at the end.
pub(super) struct Buildah {
    root: tempfile::TempDir,
}

impl Buildah {
    /// An empty store in the scratch directory of an application root.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub(super) fn new(app_root: &AppRoot) -> Result<Self> {
        let root = tempfile::Builder::new()
            .prefix("buildah-")
            .tempdir_in(app_root.path())?;
        Ok(Self { root })
    }

    /// Takes an image out of an OCI archive, and returns its id.
    ///
    /// # Errors
    /// When the image cannot be taken.
    pub(super) fn take(&self, archive: &Path) -> Result<String> {
        let archive = format!("oci-archive:{}", archive.display());
        let pulled = process::output(&mut self.command(&["pull", "--quiet", &archive]))?;
        let id = pulled.lines().last().context("buildah names no image")?;
        Ok(id.to_owned())
    }

    /// `buildah bud --layers`
    ///
    /// # Errors
    /// When it fails.
    pub(super) fn build(&self, context: &Context, images: &[String], flags: &[&str]) -> Result<()> {
        let mut command = self.command(&["bud", "--quiet", "--layers", "--isolation", "chroot", "--tag", TAG]);
        command.args(images).args(flags).arg(&context.directory);
        process::output(&mut command).map(drop)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("buildah");
        command.arg("--root").arg(self.root.path().join("root"));
        command.arg("--runroot").arg(self.root.path().join("run"));
        command.args(["--storage-driver", "overlay"]).args(words);
        command
    }
}

impl Drop for Buildah {
    fn drop(&mut self) {
        // The overlay driver may leave its home directory mounted; if it does not, umount fails, which is fine.
        let _ = Command::new("umount")
            .arg(self.root.path().join("root/overlay"))
            .output();
    }
}
