//! Where the tests run: a temporary directory for each, and for the end-to-end tests a copy of the install tree and the home of an ordinary user.
//!
//! The copy is needed because other users cannot read a checkout in the home of root. Everything is removed when the stage is dropped.

use super::binaries::Binary;
use super::debian_tar;
use super::guest::Guest;
use super::stub_tree;
use crate::backend::Backend;
use crate::{busybox, process};
use anyhow::{Context, Result};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// The ordinary user's id where the tests are started by root: nobody's on Debian.
const NOBODY: u32 = 65534;

/// Name of the busybox of guests whose programs do not run here, in the stage.
const BUSYBOX: &str = "busybox";
/// Name of the Debian root file system in the stage.
const DEBIAN_TAR: &str = "debian.tar";
/// Name of the Debian root file system with servers and clients in the stage.
const PEERS_TAR: &str = "peers.tar";

/// The prepared directory.
pub(crate) struct Stage {
    directory: tempfile::TempDir,
    /// Numbers the temporary directories.
    scratches: AtomicU32,
    guest: Guest,
}

impl Stage {
    /// Copies the install tree to a new directory. Its path is short, because it becomes part of socket paths.
    ///
    /// # Errors
    /// When something cannot be created, or there is no program for the images of `guest`.
    pub(crate) fn new(install_tree: &Path, guest: Guest) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("ct-")
            .tempdir_in("/tmp")
            .context("cannot create a directory in /tmp")?;
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755))?;
        let stage = Self {
            directory,
            scratches: AtomicU32::new(0),
            guest,
        };
        process::run(Command::new("cp").arg("-R").arg(install_tree).arg(stage.path("dist")))?;
        if guest.backend == Backend::VzStub {
            stub_tree::prepare(&stage.path("dist"))?;
        }
        process::run(Command::new("chmod").arg("-R").arg("a+rX").arg(stage.path("dist")))?;
        if rustix::process::geteuid().is_root() {
            stage.admit_archive(&debian_tar::cached(guest.architecture)?, DEBIAN_TAR)?;
            if !guest.is_foreign() {
                stage.admit_archive(&debian_tar::peers()?, PEERS_TAR)?;
            }
        }
        if guest.programs_are_foreign() {
            let program = fs::read(busybox::file(guest.architecture)?).context("cannot read the busybox")?;
            let applets = busybox::applets(&program)?.join("\n");
            fs::write(stage.path(BUSYBOX), program)?;
            fs::write(stage.path(BUSYBOX).with_extension("applets"), applets)?;
        }
        for name in ["home", "run", "cache"] {
            stage.make_for_user(&stage.path(name))?;
        }
        fs::create_dir(stage.path("bin"))?;
        Ok(stage)
    }

    /// Copies a root file system out of the home of root.
    fn admit_archive(&self, archive: &Path, name: &str) -> Result<()> {
        let copy = self.path(name);
        fs::copy(archive, &copy).with_context(|| format!("cannot copy {}", archive.display()))?;
        Ok(fs::set_permissions(copy, Permissions::from_mode(0o644))?)
    }

    /// The guests that the end-to-end tests have.
    pub(crate) fn guest(&self) -> Guest {
        self.guest
    }

    /// Copies the end-to-end test binaries out of the checkout, so that the ordinary user can read them.
    ///
    /// # Errors
    /// When a copy cannot be made.
    pub(crate) fn admit(&self, binaries: &[Binary]) -> Result<()> {
        for binary in binaries.iter().filter(|binary| binary.is_end_to_end()) {
            let copy = self.copy_of(binary)?;
            fs::copy(&binary.path, &copy).with_context(|| format!("cannot copy {}", binary.path.display()))?;
            fs::set_permissions(&copy, Permissions::from_mode(0o755))?;
        }
        Ok(())
    }

    /// A command that starts `binary` as cargo would: an end-to-end one as the ordinary user in the stage's home, any other as it is.
    ///
    /// # Errors
    /// When the binary has no name.
    pub(crate) fn command(&self, binary: &Binary) -> Result<Command> {
        let mut command = if binary.is_end_to_end() {
            self.as_user(&self.copy_of(binary)?)
        } else {
            let mut command = Command::new(&binary.path);
            command.current_dir(&binary.package);
            command
        };
        command
            .env("CARGO_MANIFEST_DIR", &binary.package)
            .env("CONTAINER_INSTALL_ROOT", self.path("dist"))
            .env("CONTAINER_BIN", self.path("dist/bin/container"));
        Ok(command)
    }

    fn as_user(&self, program: &Path) -> Command {
        let home = self.path("home");
        let mut command = Command::new(program);
        command
            .current_dir(&home)
            .env("HOME", &home)
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("E2E_CACHE", self.path("cache"))
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME");
        command.envs(self.guest.variables());
        if self.guest.programs_are_foreign() {
            command.env("E2E_BUSYBOX", self.path(BUSYBOX));
        }
        for (variable, name) in [("E2E_DEBIAN_TAR", DEBIAN_TAR), ("E2E_PEERS_TAR", PEERS_TAR)] {
            if self.path(name).exists() {
                command.env(variable, self.path(name));
            }
        }
        if rustix::process::geteuid().is_root() {
            // The standard library drops root's supplementary groups when it changes the user.
            command
                .uid(NOBODY)
                .gid(NOBODY)
                .env("USER", "nobody")
                .env("LOGNAME", "nobody");
        }
        command
    }

    /// Calls `work` with a new empty directory for a test of `binary` and a path for its output; both are removed afterwards. The paths are short,
    /// because they become part of socket paths.
    ///
    /// # Errors
    /// Those of `work`, and when a directory cannot be made.
    pub(crate) fn scratch<T>(&self, binary: &Binary, work: impl FnOnce(&Path, &Path) -> Result<T>) -> Result<T> {
        let number = self.scratches.fetch_add(1, Ordering::Relaxed);
        let (scratch, log) = (self.path(&number.to_string()), self.path(&format!("{number}.log")));
        if binary.is_end_to_end() {
            self.make_for_user(&scratch)?;
        } else {
            fs::create_dir(&scratch)?;
        }
        let result = work(&scratch, &log);
        fs::remove_dir_all(&scratch).with_context(|| format!("cannot remove {}", scratch.display()))?;
        let _ = fs::remove_file(&log);
        result
    }

    fn make_for_user(&self, path: &Path) -> Result<()> {
        fs::create_dir(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
        if rustix::process::geteuid().is_root() {
            chown(path, Some(NOBODY), Some(NOBODY)).with_context(|| format!("cannot give {} away", path.display()))?;
        }
        Ok(())
    }

    fn copy_of(&self, binary: &Binary) -> Result<PathBuf> {
        let name = binary.path.file_name().context("a test binary without a name")?;
        Ok(self.path("bin").join(name))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}
