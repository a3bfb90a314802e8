//! Shows at a place of the container what is mounted outside of its root: directories of volumes, directories and files of the host.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use rustix::mount::MountFlags;

use crate::in_root::{ensure_directory, ensure_file, find_directory, path_of};
use crate::mount::{MountError, bind, make_read_only};

/// Shows `source`, or a directory below it if `subpath` is not empty, at `target` below the container's root, where a directory or a file is made for it.
pub(crate) fn show(
    root: &OwnedFd,
    target: &str,
    source: OwnedFd,
    subpath: &str,
    is_read_only: bool,
) -> Result<(), MountError> {
    let source = match subpath {
        "" => source,
        subpath => find_directory(source.as_fd(), subpath).map_err(|source| MountError::Subpath {
            subpath: subpath.to_owned(),
            target: target.to_owned(),
            source,
        })?,
    };
    let failed = |source| MountError::Prepare {
        path: target.into(),
        source,
    };
    let is_directory = is_directory(&source).map_err(failed)?;
    let place = || {
        let made = match is_directory {
            true => ensure_directory(root.as_fd(), target),
            false => ensure_file(root.as_fd(), target),
        };
        made.map_err(failed)
    };
    bind(path_of(&source), path_of(&place()?)).map_err(|error| error.at(target))?;
    if is_read_only {
        // Opened again: what is there now is the root of the new mount.
        make_read_only(path_of(&place()?), MountFlags::NODEV).map_err(|error| error.at(target))?;
    }
    Ok(())
}

/// Has `copy` fill what is to be shown at `target` with what the image has there, if it has such a directory.
pub(crate) fn fill(
    root: &OwnedFd,
    target: &str,
    copy: impl FnOnce(Option<&Path>) -> io::Result<()>,
) -> Result<(), MountError> {
    let image = find_directory(root.as_fd(), target).ok();
    copy(image.as_ref().map(path_of).as_deref()).map_err(|source| MountError::Fill {
        target: target.to_owned(),
        source,
    })
}

pub(crate) fn is_directory(opened: &OwnedFd) -> Result<bool, Errno> {
    let status = fstat(opened)?;
    Ok(FileType::from_raw_mode(status.st_mode) == FileType::Directory)
}
