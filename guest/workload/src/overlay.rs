//! The container's root: read-only layer disks below one writable disk.
//!
//! The overlay keeps its own references to the layers, so that their mounts are detached once it is mounted. The writable disk stays
//! mounted, for flushing and trimming.

use std::fs::Permissions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MoveMountFlags, fsconfig_create, fsconfig_set_string,
    fsmount, fsopen, move_mount,
};

use crate::layout::Layout;
use crate::mount::{MountError, detach, make_directory, mount};

/// The blocks of layer disks are a quarter of the usual size, so four times as many inode blocks make the usual read
/// ahead, ext4(5).
const LAYER_OPTIONS: &str = "inode_readahead_blks=128";
/// `discard` returns freed blocks to the host at once. `noinit_itable` leaves inode tables that were not zeroed as they are, which keeps
/// the disk sparse, and `no_prefetch_block_bitmaps` leaves maps of blocks alone until they are needed, ext4(5): with both the kernel starts no thread, which in
/// a machine that is saved would wait for its turn and take it in every machine that is restored. There is no option about the journal, because the disk need
/// not have one.
const WRITABLE_OPTIONS: &str = "discard,noinit_itable,no_prefetch_block_bitmaps";

/// Mounts the disks of the layers, lowest first, and the writable one.
pub(crate) fn mount_disks(layout: &Layout, layers: &[PathBuf], writable: &Path) -> Result<(), MountError> {
    make_directory(layout.base())?;
    for (index, device) in layers.iter().enumerate() {
        make_directory(layout.layer(index))?;
        mount("ext4", device, layout.layer(index), MountFlags::RDONLY, LAYER_OPTIONS)?;
    }
    if layers.is_empty() {
        make_directory(layout.empty())?;
    }
    make_directory(layout.writable())?;
    mount(
        "ext4",
        writable,
        layout.writable(),
        MountFlags::empty(),
        WRITABLE_OPTIONS,
    )
}

/// What [`mount_disks`] mounted to be stacked, the highest first; never empty.
pub(crate) fn lower_directories(layout: &Layout, layer_count: usize) -> Vec<PathBuf> {
    match layer_count {
        0 => vec![layout.empty()],
        count => (0..count).rev().map(|index| layout.layer(index)).collect(),
    }
}

/// Stacks what [`mount_disks`] mounted at the container's root.
pub(crate) fn mount_overlay(layout: &Layout, layer_count: usize) -> Result<(), MountError> {
    let lower = lower_directories(layout, layer_count);
    make_upper(layout, &lower)?;
    stack(layout, &lower, &layout.upper(), &layout.work())?;
    (0..layer_count).try_for_each(|index| detach(layout.layer(index)))
}

/// Mounts an overlay of these directories, the highest of `lower` first, at the container's root.
pub(crate) fn stack(layout: &Layout, lower: &[PathBuf], upper: &Path, work: &Path) -> Result<(), MountError> {
    let file_system = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).map_err(|source| fail("fsopen", source))?;
    set(&file_system, "source", Path::new("overlay"))?;
    for directory in lower {
        set(&file_system, "lowerdir+", directory)?;
    }
    set(&file_system, "upperdir", upper)?;
    set(&file_system, "workdir", work)?;
    // One device number for all files of the root, as programs that compare st_dev expect.
    set(&file_system, "xino", Path::new("auto"))?;
    fsconfig_create(&file_system).map_err(|source| fail("create", source))?;
    let root = fsmount(&file_system, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())
        .map_err(|source| fail("fsmount", source))?;
    make_directory(layout.root())?;
    move_mount(&root, "", CWD, layout.root(), MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .map_err(|source| fail("move_mount", source))
}

/// Makes the upper and work directories unless the disk has them. The upper one is the container's root directory, so it gets owner and
/// mode of the image's before the first start; after that the container may have changed them.
fn make_upper(layout: &Layout, lower: &[PathBuf]) -> Result<(), MountError> {
    // overlayfs makes this directory when it is mounted and leaves it there.
    if layout.work().join("work").exists() {
        return Ok(());
    }
    make_directory(layout.work())?;
    make_root(&layout.upper(), lower)
}

/// Makes a directory that is to be the highest one of a root, with owner and mode of the one below it.
pub(crate) fn make_root(upper: &Path, lower: &[PathBuf]) -> Result<(), MountError> {
    make_directory(upper)?;
    let adopted = lower.first().map_or(Ok(()), |top| adopt(upper, top));
    adopted.map_err(|error| MountError::Prepare {
        path: upper.to_owned(),
        source: Errno::from_io_error(&error).unwrap_or(Errno::IO),
    })
}

/// Gives `directory` the owner and mode of `model`. Writes nothing where they are equal.
fn adopt(directory: &Path, model: &Path) -> io::Result<()> {
    let (own, model) = (std::fs::metadata(directory)?, std::fs::metadata(model)?);
    if (own.uid(), own.gid()) != (model.uid(), model.gid()) {
        chown(directory, Some(model.uid()), Some(model.gid()))?;
    }
    if own.mode() != model.mode() {
        std::fs::set_permissions(directory, Permissions::from_mode(model.mode() & 0o7777))?;
    }
    Ok(())
}

fn set(file_system: &OwnedFd, key: &str, value: &Path) -> Result<(), MountError> {
    fsconfig_set_string(file_system, key, value).map_err(|source| fail(&format!("{key}={}", value.display()), source))
}

fn fail(step: &str, source: Errno) -> MountError {
    MountError::Overlay {
        step: step.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::Path;

    use super::make_upper;
    use crate::layout::Layout;

    fn mode_of(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o7777
    }

    /// A writable disk without anything on it, and the root of the topmost layer.
    fn disk_and_layer(directory: &Path, layer_mode: u32) -> (Layout, std::path::PathBuf) {
        let layout = Layout::new(directory);
        let top = layout.layer(0);
        std::fs::create_dir(layout.writable()).unwrap();
        std::fs::create_dir(&top).unwrap();
        std::fs::set_permissions(&top, Permissions::from_mode(layer_mode)).unwrap();
        (layout, top)
    }

    #[test]
    fn a_disk_without_directories_gets_them() {
        let directory = tempfile::tempdir().unwrap();
        let (layout, top) = disk_and_layer(directory.path(), 0o1770);
        make_upper(&layout, std::slice::from_ref(&top)).unwrap();
        assert!(layout.work().is_dir());
        assert_eq!(mode_of(&layout.upper()), 0o1770);
    }

    #[test]
    fn a_disk_with_directories_is_written_to_only_when_the_root_differs() {
        for (layer_mode, written) in [(0o755, false), (0o700, true)] {
            let directory = tempfile::tempdir().unwrap();
            let (layout, top) = disk_and_layer(directory.path(), layer_mode);
            std::fs::create_dir(layout.work()).unwrap();
            std::fs::create_dir(layout.upper()).unwrap();
            std::fs::set_permissions(layout.upper(), Permissions::from_mode(0o755)).unwrap();
            let changed = || {
                let found = std::fs::metadata(layout.upper()).unwrap();
                (found.ctime(), found.ctime_nsec())
            };
            let before = changed();
            // File times advance with the kernel's tick, so that a change shows only after one.
            std::thread::sleep(std::time::Duration::from_millis(20));
            make_upper(&layout, std::slice::from_ref(&top)).unwrap();
            assert_eq!(mode_of(&layout.upper()), layer_mode);
            assert_eq!(changed() != before, written);
        }
    }

    #[test]
    fn a_root_that_the_container_changed_stays_so() {
        let directory = tempfile::tempdir().unwrap();
        let (layout, top) = disk_and_layer(directory.path(), 0o755);
        std::fs::create_dir_all(layout.work().join("work")).unwrap();
        std::fs::create_dir(layout.upper()).unwrap();
        std::fs::set_permissions(layout.upper(), Permissions::from_mode(0o711)).unwrap();
        make_upper(&layout, std::slice::from_ref(&top)).unwrap();
        assert_eq!(mode_of(&layout.upper()), 0o711);
    }
}
