//! skopeo, the reference implementation that the tests compare with.

use std::path::Path;
use std::process::{Command, Output};

use crate::{Access, PASSWORD, USER};

/// skopeo with the options that a registry needs.
pub struct Skopeo<'a> {
    scratch: &'a Path,
    access: Access,
}

impl<'a> Skopeo<'a> {
    /// skopeo whose temporary files are below `scratch`, for use with a registry of this access.
    #[must_use]
    pub fn new(scratch: &'a Path, access: Access) -> Self {
        Self { scratch, access }
    }

    /// Copies an image with all of its platforms, bytes unchanged where the destination's format allows. Both places are in skopeo's notation.
    ///
    /// # Panics
    /// When skopeo fails.
    pub fn copy(&self, source: &str, destination: &str) {
        self.copy_with(&["--all"], source, destination);
    }

    /// [`Skopeo::copy`] with these options in place of `--all`.
    ///
    /// # Panics
    /// When skopeo fails.
    pub fn copy_with(&self, options: &[&str], source: &str, destination: &str) {
        let mut command = self.command("copy");
        command.arg("--quiet").args(options);
        for (place, prefix) in [(source, "src"), (destination, "dest")] {
            if place.starts_with("docker://") {
                self.add_access(&mut command, &format!("{prefix}-"));
            }
        }
        succeed(command.args([source, destination]));
    }

    /// The manifest or index of an image, byte by byte.
    ///
    /// # Panics
    /// When skopeo fails.
    #[must_use]
    pub fn raw(&self, image: &str) -> Vec<u8> {
        let mut command = self.command("inspect");
        command.arg("--raw");
        if image.starts_with("docker://") {
            self.add_access(&mut command, "");
        }
        succeed(command.arg(image)).stdout
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new("skopeo");
        command
            .args(["--insecure-policy", name])
            .env("TMPDIR", self.scratch)
            .env("XDG_RUNTIME_DIR", self.scratch);
        command
    }

    fn add_access(&self, command: &mut Command, prefix: &str) {
        // skopeo only transfers images; the checks of certificates are tested on our program.
        command.arg(format!("--{prefix}tls-verify=false"));
        if self.access.password {
            command.arg(format!("--{prefix}creds={USER}:{PASSWORD}"));
        }
    }
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("skopeo is needed: apt-get install skopeo");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
