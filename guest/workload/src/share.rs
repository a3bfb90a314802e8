//! Directories and files of the host: all are on one device of virtiofs, which is mounted outside of the container's root, and bound to their places
//! in it.

use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::{CWD, FileType, Mode, OFlags, XattrFlags, fstat, openat, setxattr};
use rustix::io::Errno;
use rustix::mount::MountFlags;

use crate::identity::{self, USER_FILE_MAX_BYTES};
use crate::in_root::{ensure_directory, ensure_file, path_of, read_text};
use crate::layout::Layout;
use crate::mount::{MountError, bind, make_directory, make_read_only, mount};
use crate::spec::{ShareSpec, SharesDevice};

/// The attribute of the device's root that tells the host's file server whose files are that nobody has given away: user and group in decimal. Other
/// servers do not know it, and show what owner they will.
const OWNER_ATTRIBUTE: &str = "user.container.owner";

/// Mounts the device, and names the owner before anything has been looked at.
pub(crate) fn mount_shares(layout: &Layout, root: &OwnedFd, device: &SharesDevice) -> Result<(), MountError> {
    let point = layout.shares();
    make_directory(&point)?;
    mount("virtiofs", &device.tag, &point, MountFlags::NODEV, "")?;
    let (user, group) = owner(root, &device.owner);
    let value = format!("{user}:{group}");
    match setxattr(&point, OWNER_ATTRIBUTE, value.as_bytes(), XattrFlags::empty()) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::PERM | Errno::ACCESS) => Ok(()),
        Err(source) => Err(MountError::Prepare { path: point, source }),
    }
}

/// The numbers of a user. One that the image does not know is root here; the first process says that there is no such user.
fn owner(root: &OwnedFd, user: &str) -> (u32, u32) {
    let text = |path| read_text(root.as_fd(), path, USER_FILE_MAX_BYTES);
    match identity::resolve(user, &[], &text("/etc/passwd"), &text("/etc/group")) {
        Ok(identity) => (identity.uid.as_raw(), identity.gid.as_raw()),
        Err(_) => (0, 0),
    }
}

/// Shows a share at `target` below the container's root.
pub(crate) fn show_share(layout: &Layout, root: &OwnedFd, target: &str, share: &ShareSpec) -> Result<(), MountError> {
    let path = layout.shares().join(&share.name);
    let failed = |source| MountError::Prepare {
        path: target.into(),
        source,
    };
    let opened = openat(
        CWD,
        &path,
        OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(failed)?;
    let status = fstat(&opened).map_err(failed)?;
    let is_directory = FileType::from_raw_mode(status.st_mode) == FileType::Directory;
    let place = || {
        let made = if is_directory {
            ensure_directory(root.as_fd(), target)
        } else {
            ensure_file(root.as_fd(), target)
        };
        made.map_err(failed)
    };
    bind(path_of(&opened), path_of(&place()?)).map_err(|error| error.at(target))?;
    if share.read_only {
        // Opened again: what is there now is the root of the new mount.
        make_read_only(path_of(&place()?), MountFlags::NODEV).map_err(|error| error.at(target))?;
    }
    Ok(())
}
