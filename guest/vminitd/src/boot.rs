//! The mounts that vminitd itself needs. All other mounts are made after the first answer to the host.

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
    // The kernel starts PID 1 with an empty umask, with which new files could be writable for everybody. Files that are to be so
    // are given their mode afterwards.
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
    // The mount point may exist. Any other error makes the mount fail.
    let _ = rustix::fs::mkdir(target, Mode::from_raw_mode(0o755));
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    match mount(kind, target, kind, flags, None) {
        // The kernel mounts /dev itself with CONFIG_DEVTMPFS_MOUNT.
        Ok(()) | Err(Errno::BUSY) => Ok(()),
        Err(source) => Err(BootError { kind, target, source }),
    }
}
