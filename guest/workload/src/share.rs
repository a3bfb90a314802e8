//! Directories and files of the host: all are on one device of virtiofs, which is mounted outside of the container's root, and bound to their places
//! in it.

use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, OFlags, XattrFlags, openat, setxattr};
use rustix::io::Errno;
use rustix::mount::MountFlags;

use crate::layout::Layout;
use crate::mount::{MountError, make_directory, mount};
use crate::owner::owner;
use crate::show::{fill, is_directory, show};
use crate::spec::{ShareSpec, SharesDevice};
use crate::volume::content;

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
    if share.copy_image && is_directory(&opened).map_err(failed)? {
        fill(root, target, |image| content::fill_share(image, &path))?;
    }
    show(root, target, opened, &share.subpath, share.read_only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_s_file_server_knows_the_attribute() {
        assert_eq!(OWNER_ATTRIBUTE, container_shares::OWNER_ATTRIBUTE);
    }
}
