//! podman with a store of its own, in which the benchmark's image is.

use super::app_root::AppRoot;
use crate::process;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// podman. Its containers and its store are removed at the end.
pub(crate) struct Podman {
    root: tempfile::TempDir,
    runroot: tempfile::TempDir,
    image: String,
}

/// So that it runs as root in a container as well, which may not raise these.
const LIMITS: [&str; 4] = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];

impl Podman {
    /// Whether there is a podman that may run containers here: as root.
    pub(crate) fn is_usable() -> bool {
        rustix::process::geteuid().is_root() && process::find("podman").is_some()
    }

    /// podman with the image of the application root.
    ///
    /// # Errors
    /// When the image cannot be saved or loaded.
    pub(crate) fn with_image(app_root: &AppRoot) -> Result<Self> {
        // Beside the checkout's other scratch files: /tmp may be memory. The short path is for its sockets.
        let root = tempfile::Builder::new().prefix("podman-").tempdir_in(app_root.path())?;
        let runroot = tempfile::Builder::new().prefix("c-podman-").tempdir_in("/tmp")?;
        let mut podman = Self {
            root,
            runroot,
            image: String::new(),
        };
        let archive = app_root.path().join("image.tar");
        process::output(podman.command(&["load", "--quiet", "--input"]).arg(archive))?;
        podman.image = process::output(&mut podman.command(&["images", "--quiet"]))?
            .lines()
            .next()
            .context("podman has no image")?
            .to_owned();
        Ok(podman)
    }

    /// A command of podman.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("podman");
        command.arg("--root").arg(self.root.path());
        command.arg("--runroot").arg(self.runroot.path());
        command.args(["--storage-driver", "overlay"]).args(arguments);
        command.stdin(Stdio::null());
        command
    }

    /// `podman run` without a network, with these flags before the image.
    pub(crate) fn run(&self, flags: &[&str], words: &[&str]) -> Command {
        self.new_container("run", flags, words)
    }

    /// `podman create`, in the same way.
    pub(crate) fn create(&self, flags: &[&str], words: &[&str]) -> Command {
        self.new_container("create", flags, words)
    }

    fn new_container(&self, verb: &str, flags: &[&str], words: &[&str]) -> Command {
        let mut command = self.command(&[verb, "--network", "none"]);
        command.args(LIMITS).args(flags).arg(&self.image).args(words);
        command
    }

    /// Where a program of the host is put for containers: a directory that holds nothing else.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub(crate) fn directory_with(&self, program: &Path) -> Result<String> {
        let directory = self.runroot.path().join("program");
        fs::create_dir_all(&directory)?;
        let name = program.file_name().context("a program without a name")?;
        fs::copy(program, directory.join(name))?;
        Ok(directory.to_string_lossy().into_owned())
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let _ = self.command(&["rm", "--all", "--force", "--time", "0"]).output();
        // The overlay driver may leave its home directory mounted; if it does not, umount fails, which is fine.
        let _ = Command::new("umount").arg(self.root.path().join("overlay")).output();
    }
}
