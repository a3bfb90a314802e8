//! Volumes: disks with a file system of their own, whose directories appear in the container.
//!
//! Each disk is mounted once, outside of the container's root, and bound to as many places in it as are asked for.

mod content;
mod copy;

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat, syncfs};
use rustix::io::Errno;
use rustix::mount::MountFlags;

use crate::in_root::{ensure_directory, find_directory, path_of};
use crate::layout::Layout;
use crate::mount::{MountError, bind, detach, make_directory, make_read_only, mount};
use crate::spec::{VolumeDisk, VolumeSpec};

/// As for the container's own disk: freed blocks go back to the host, and inode tables are left as they are. The mode of the journal is on
/// the disk.
const WRITABLE_OPTIONS: &str = "discard,noinit_itable";

/// Mounts the disks of volumes.
pub(crate) fn mount_volume_disks(layout: &Layout, disks: &[VolumeDisk]) -> Result<(), MountError> {
    for (index, disk) in disks.iter().enumerate() {
        let point = layout.volume(index);
        make_directory(&point)?;
        let (flags, options) = match disk.read_only {
            true => (MountFlags::RDONLY, ""),
            false => (MountFlags::empty(), WRITABLE_OPTIONS),
        };
        mount("ext4", &disk.device, point, MountFlags::NODEV | flags, options)?;
    }
    Ok(())
}

/// Shows a directory of a volume at `target` below the container's root.
pub(crate) fn mount_volume(
    layout: &Layout,
    root: &OwnedFd,
    target: &str,
    volume: &VolumeSpec,
) -> Result<(), MountError> {
    let point = layout.volume(volume.disk);
    let disk = open(&point)?;
    if volume.copy_image {
        let image = find_directory(root.as_fd(), target).ok();
        let filled = content::fill(image.as_ref().map(path_of).as_deref(), &point, &disk);
        filled.map_err(|error| MountError::Fill {
            target: target.to_owned(),
            source: error,
        })?;
    }
    let source = match volume.subpath.as_str() {
        "" => disk,
        subpath => find_directory(disk.as_fd(), subpath).map_err(|source| MountError::Subpath {
            subpath: subpath.to_owned(),
            target: target.to_owned(),
            source,
        })?,
    };
    bind(path_of(&source), path_of(&ensure(root, target)?)).map_err(|error| error.at(target))?;
    if volume.read_only {
        // Opened again: what is there now is the root of the new mount.
        make_read_only(path_of(&ensure(root, target)?), MountFlags::NODEV).map_err(|error| error.at(target))?;
    }
    Ok(())
}

/// Flushes the disks of volumes and takes them away. The container's root, which shows them, is gone by then.
pub(crate) fn unmount_volumes(layout: &Layout, count: usize) -> Result<(), MountError> {
    let mut first_failure = Ok(());
    for index in 0..count {
        let point = layout.volume(index);
        let flushed = open(&point).and_then(|disk| {
            syncfs(disk).map_err(|source| MountError::Unmount {
                target: point.clone(),
                source,
            })
        });
        first_failure = first_failure.and(flushed).and(detach(&point));
    }
    first_failure
}

fn open(point: &Path) -> Result<OwnedFd, MountError> {
    openat(CWD, point, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(|source| prepare(point, source))
}

fn ensure(root: &OwnedFd, target: &str) -> Result<OwnedFd, MountError> {
    ensure_directory(root.as_fd(), target).map_err(|source| prepare(target, source))
}

fn prepare(path: impl Into<PathBuf>, source: Errno) -> MountError {
    MountError::Prepare {
        path: path.into(),
        source,
    }
}
