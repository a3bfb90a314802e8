//! The container's `/dev`: a small tmpfs with the devices that every Linux program may expect.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, chmodat, makedev, mkdirat, mknodat, openat, symlinkat};
use rustix::mount::MountFlags;

use crate::in_root::{ensure_directory, path_of};
use crate::mount::{MountError, mount};

/// Character devices by name, major and minor number, devices.txt.
pub(crate) const NODES: [(&str, u32, u32); 6] = [
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
];

/// Everybody reads and writes these devices.
const NODE_MODE: Mode = Mode::from_raw_mode(0o666);

const LINKS: [(&str, &str); 5] = [
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
    ("pts/ptmx", "ptmx"),
];

/// Mounts `/dev`, `/dev/pts` and `/dev/shm` below `root`. The mount point for message queues is made as well; its
/// file system belongs to the container's ipc namespace.
pub(crate) fn mount_dev(root: &OwnedFd, root_path: &Path, shm_size_bytes: u64) -> Result<(), MountError> {
    let prepare = |name: &str| {
        let path = Path::new("/dev").join(name);
        move |source| MountError::Prepare { path, source }
    };
    let target = ensure_directory(root.as_fd(), "/dev").map_err(prepare(""))?;
    mount(
        "tmpfs",
        "tmpfs",
        path_of(&target),
        MountFlags::NOSUID | MountFlags::STRICTATIME,
        "mode=755,size=65536k",
    )?;
    // Opened again, because the descriptor above refers to the directory below the new mount.
    let target = ensure_directory(root.as_fd(), "/dev").map_err(prepare(""))?;
    let dev = openat(
        CWD,
        path_of(&target),
        OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(prepare(""))?;
    for (name, major, minor) in NODES {
        mknodat(&dev, name, FileType::CharacterDevice, NODE_MODE, makedev(major, minor)).map_err(prepare(name))?;
        // chmod is not subject to the umask, unlike mknod.
        chmodat(&dev, name, NODE_MODE, AtFlags::empty()).map_err(prepare(name))?;
    }
    for (from, name) in LINKS {
        symlinkat(from, &dev, name).map_err(prepare(name))?;
    }
    for name in ["pts", "shm", "mqueue"] {
        mkdirat(&dev, name, Mode::from_raw_mode(0o755)).map_err(prepare(name))?;
    }
    let dev_path = root_path.join("dev");
    let dev_path = if dev_path.is_symlink() { path_of(&dev) } else { dev_path };
    mount(
        "devpts",
        "devpts",
        dev_path.join("pts"),
        MountFlags::NOSUID | MountFlags::NOEXEC,
        "newinstance,ptmxmode=0666,mode=0620,gid=5",
    )?;
    mount(
        "tmpfs",
        "shm",
        dev_path.join("shm"),
        MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC,
        &format!("mode=1777,size={shm_size_bytes}"),
    )
}
