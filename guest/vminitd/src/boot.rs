//! The mounts that vminitd itself needs. Everything else waits until the host has been answered for the first time.

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};
use rustix::process::umask;

/// Where the control groups are mounted.
pub(crate) const CGROUP_HIERARCHY: &str = "/sys/fs/cgroup";

/// A file system that could not be mounted.
#[derive(Debug, thiserror::Error)]
#[error("cannot mount {kind} on {target}: {source}")]
pub(crate) struct BootError {
    kind: &'static str,
    target: &'static str,
    source: Errno,
}

/// Mounts `/proc`, `/sys` and `/dev`. The initial file system holds nothing but vminitd and a console.
pub(crate) fn mount_own() -> Result<(), BootError> {
    // The kernel starts PID 1 without a mask. Files that are made without a thought for their mode are not to be written
    // by everybody; what everybody is to write is given its mode afterwards.
    umask(Mode::WGRP | Mode::WOTH);
    mount_one("proc", "/proc")?;
    mount_one("sysfs", "/sys")?;
    mount_one("devtmpfs", "/dev")
}

/// Mounts the control groups.
pub(crate) fn mount_cgroups() -> Result<(), BootError> {
    mount_one("cgroup2", CGROUP_HIERARCHY)
}

fn mount_one(kind: &'static str, target: &'static str) -> Result<(), BootError> {
    // An existing mount point is what is wanted, and any other problem shows in the mount.
    let _ = rustix::fs::mkdir(target, Mode::from_raw_mode(0o755));
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    match mount(kind, target, kind, flags, None) {
        // The kernel has mounted /dev when it is told to.
        Ok(()) | Err(Errno::BUSY) => Ok(()),
        Err(source) => Err(BootError { kind, target, source }),
    }
}
