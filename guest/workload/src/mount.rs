//! mount(2) with errors that name what was mounted where.

use std::ffi::CString;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags};

use crate::mount_option::UnknownMountOption;

/// A file system that could not be put in place.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// mount(2) refused.
    #[error("cannot mount {kind} {from} on {target}: {source}")]
    Mount {
        /// File system type.
        kind: String,
        /// Device or other source.
        from: String,
        /// Mount point.
        target: PathBuf,
        /// The kernel's reason.
        source: Errno,
    },
    /// The overlay could not be assembled.
    #[error("cannot stack the layers ({step}): {source}")]
    Overlay {
        /// Which option or step the kernel refused.
        step: String,
        /// The kernel's reason.
        source: Errno,
    },
    /// umount(2) refused.
    #[error("cannot unmount {target}: {source}")]
    Unmount {
        /// Mount point.
        target: PathBuf,
        /// The kernel's reason.
        source: Errno,
    },
    /// A file or directory that a mount needs could not be made.
    #[error("cannot make {path}: {source}")]
    Prepare {
        /// What was to be made.
        path: PathBuf,
        /// The kernel's reason.
        source: Errno,
    },
    /// The machine has no such device.
    #[error("the container's machine has no device {path}: {source}")]
    Device {
        /// The node that was asked for.
        path: String,
        /// The kernel's reason.
        source: Errno,
    },
    /// What the image has where a volume appears could not be copied to the volume.
    #[error("cannot copy what the image has at {target} to the volume: {source}")]
    Fill {
        /// Mount point.
        target: String,
        /// Which file, and the kernel's reason.
        source: std::io::Error,
    },
    /// A volume lacks the directory that is to appear.
    #[error("cannot mount the directory {subpath:?} of the volume on {target}: {source}")]
    Subpath {
        /// The directory.
        subpath: String,
        /// Mount point.
        target: String,
        /// The kernel's reason.
        source: Errno,
    },
    /// A tree that was brought in lacks the file or directory that is to appear.
    #[error("cannot mount {subpath:?} on {target}: {source}")]
    Tree {
        /// The path in the tree.
        subpath: String,
        /// Mount point.
        target: String,
        /// The kernel's reason.
        source: Errno,
    },
    /// An option that mount(8) does not know.
    #[error(transparent)]
    Option(#[from] UnknownMountOption),
}

impl MountError {
    /// The same failure, named for the path that the caller asked for rather than the descriptor used in its place.
    pub(crate) fn at(mut self, path: &str) -> Self {
        if let Self::Mount { target, .. } = &mut self {
            *target = PathBuf::from(path);
        }
        self
    }
}

/// Mounts a new file system.
pub(crate) fn mount(
    kind: &str,
    from: impl AsRef<Path>,
    target: impl AsRef<Path>,
    flags: MountFlags,
    data: &str,
) -> Result<(), MountError> {
    let (from, target) = (from.as_ref(), target.as_ref());
    let fail = |source| MountError::Mount {
        kind: kind.to_owned(),
        from: from.display().to_string(),
        target: target.to_owned(),
        source,
    };
    let data = CString::new(data).map_err(|_| fail(Errno::INVAL))?;
    rustix::mount::mount(from, target, kind, flags, data.as_c_str()).map_err(fail)
}

/// Makes the file or directory `from` appear at `target` as well.
pub(crate) fn bind(from: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<(), MountError> {
    let (from, target) = (from.as_ref(), target.as_ref());
    rustix::mount::mount_bind(from, target).map_err(|source| MountError::Mount {
        kind: "bind".to_owned(),
        from: from.display().to_string(),
        target: target.to_owned(),
        source,
    })
}

/// Makes one mount read-only, but not its file system.
pub(crate) fn make_read_only(target: impl AsRef<Path>, flags: MountFlags) -> Result<(), MountError> {
    let target = target.as_ref();
    rustix::mount::mount_remount(target, MountFlags::BIND | MountFlags::RDONLY | flags, "").map_err(|source| {
        MountError::Mount {
            kind: "read-only".to_owned(),
            from: String::new(),
            target: target.to_owned(),
            source,
        }
    })
}

/// Detaches a mount and everything below it from the tree (umount2(2), `MNT_DETACH`). The file systems are unmounted when they are not
/// used any more.
pub(crate) fn detach(target: impl AsRef<Path>) -> Result<(), MountError> {
    let target = target.as_ref();
    rustix::mount::unmount(target, UnmountFlags::DETACH).map_err(|source| MountError::Unmount {
        target: target.to_owned(),
        source,
    })
}

/// Makes a directory unless it is there.
pub(crate) fn make_directory(path: impl AsRef<Path>) -> Result<(), MountError> {
    let path = path.as_ref();
    match rustix::fs::mkdir(path, rustix::fs::Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(source) => Err(MountError::Prepare {
            path: path.to_owned(),
            source,
        }),
    }
}
