//! Volumes: disks with a file system of their own, whose directories appear in the container.
//!
//! Each disk is mounted once, outside of the container's root, and bound to as many places in it as are asked for.

pub(crate) mod content;
mod copy;

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat, syncfs};
use rustix::mount::MountFlags;

use crate::layout::Layout;
use crate::mount::{MountError, detach, make_directory, mount};
use crate::show::{fill, show};
use crate::spec::{VolumeDisk, VolumeSpec};

/// As for the container's own disk: freed blocks go back to the host, and inode tables are left as they are. The mode of the journal is on
/// the disk.
const WRITABLE_OPTIONS: &str = "discard,noinit_itable,no_prefetch_block_bitmaps";

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
        fill(root, target, |image| content::fill(image, &point, &disk))?;
    }
    show(root, target, disk, &volume.subpath, volume.read_only)
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
    openat(CWD, point, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(|source| MountError::Prepare {
        path: point.into(),
        source,
    })
}
