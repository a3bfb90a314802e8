//! The three pulls that are compared: ours, podman's, and the pipeline that only downloads, inflates and hashes.

use super::registry::{BenchImage, Registry};
use crate::bench::tree::Tree;
use crate::process;
use crate::progress::say;
use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Settings that let podman run as root in a container as well as on a machine of its own.
const PODMAN_SETTINGS: &str = "[containers]\ndefault_ulimits = [\"nofile=20000:20000\", \"nproc=4096:4096\"]\n[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\nruntime = \"runc\"\n";

/// A scratch directory on the disk of the build cache, for both stores.
pub(super) struct Stores<'a> {
    registry: &'a Registry,
    directory: tempfile::TempDir,
    /// podman's sockets and locks, in a short path because podman insists on one.
    runroot: tempfile::TempDir,
}

/// Time and memory of one of our pulls.
pub(super) struct Pulled {
    pub(super) wall_ms: f64,
    pub(super) peak_mib: f64,
}

impl<'a> Stores<'a> {
    /// Empty stores.
    ///
    /// # Errors
    /// When a directory cannot be made.
    pub(super) fn new(registry: &'a Registry) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("stores-")
            .tempdir_in(registry.directory())?;
        fs::write(directory.path().join("containers.conf"), PODMAN_SETTINGS)?;
        let runroot = tempfile::Builder::new().prefix("c-podman-").tempdir_in("/tmp")?;
        Ok(Self {
            registry,
            directory,
            runroot,
        })
    }

    /// `container image pull` by the program of `tree`.
    ///
    /// # Errors
    /// When it fails.
    pub(super) fn ours(&self, tree: &Tree, image: &BenchImage) -> Result<Pulled> {
        let peak = self.path("peak");
        let mut command = Command::new("/usr/bin/time");
        command.args(["--format=%M", "--output"]).arg(&peak).arg(tree.program());
        command
            .args(["image", "pull", "--progress", "none", &self.registry.name(image)])
            .env("CONTAINER_APP_ROOT", self.path("root"))
            .env("XDG_RUNTIME_DIR", self.directory.path());
        let wall_ms = timed(&mut command)?;
        let kibibytes: f64 = fs::read_to_string(&peak)?
            .trim()
            .parse()
            .context("time wrote no number")?;
        Ok(Pulled {
            wall_ms,
            peak_mib: kibibytes / 1024.0,
        })
    }

    /// `podman pull` into a new root, in milliseconds. The root is removed at the end only: removing so many files would keep the disk busy during
    /// the next measurement.
    ///
    /// # Errors
    /// When it fails.
    pub(super) fn podman(&self, image: &BenchImage) -> Result<f64> {
        let root = tempfile::Builder::new()
            .prefix("podman-")
            .tempdir_in(self.directory.path())?
            .keep();
        let mut command = Command::new("podman");
        command
            .arg("--root")
            .arg(&root)
            .arg("--runroot")
            .arg(self.runroot.path())
            .args(["--storage-driver", "overlay", "pull", "--quiet", "--tls-verify=false"])
            .arg(self.registry.name(image))
            .env("CONTAINERS_CONF", self.path("containers.conf"));
        let wall_ms = timed(&mut command);
        // The overlay driver may leave its home directory mounted; if it does not, umount fails, which is fine.
        let _ = Command::new("umount").arg(root.join("overlay")).output();
        wall_ms
    }

    /// Download, inflate and hash every layer, `at_once` at a time, in milliseconds.
    ///
    /// # Errors
    /// When a part of it fails.
    pub(super) fn limit(&self, image: &BenchImage, at_once: usize) -> Result<f64> {
        let pipeline = "curl --silent --fail --noproxy '*' \"$1\" | gzip -dc | sha256sum";
        let mut command = Command::new("sh");
        command
            .args(["-c", "at_once=$1; pipeline=$2; shift 2; printf '%s\\n' \"$@\" | xargs -P \"$at_once\" -n 1 sh -c \"$pipeline\" sh", "sh"])
            .args([&at_once.to_string(), pipeline])
            .args(self.registry.layer_urls(image)?);
        timed(&mut command)
    }

    /// Allocated bytes of the layer disks in our store.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub(super) fn disk_bytes(&self) -> Result<u64> {
        let mut sum = 0;
        for entry in fs::read_dir(self.path("root/layers"))? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|extension| extension == "ext4") {
                // st_blocks counts units of 512 bytes, stat(2).
                sum += entry.metadata()?.blocks() * 512;
            }
        }
        Ok(sum)
    }

    /// Empties our store.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(super) fn forget(&self) -> Result<()> {
        let root = self.path("root");
        if root.exists() {
            fs::remove_dir_all(&root).with_context(|| format!("cannot remove {}", root.display()))?;
        }
        Ok(())
    }

    /// Removes everything that was pulled.
    ///
    /// # Errors
    /// When a directory cannot be removed.
    pub(super) fn end(self) -> Result<()> {
        say("removing what was pulled");
        let path = self.directory.path().to_owned();
        self.directory
            .close()
            .with_context(|| format!("cannot remove {}", path.display()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// Wall time of a command in milliseconds, after everything that earlier ones wrote has reached the disk.
fn timed(command: &mut Command) -> Result<f64> {
    process::run(&mut Command::new("sync"))?;
    command.stdin(Stdio::null());
    let start = Instant::now();
    process::output(command)?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
