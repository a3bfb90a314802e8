//! Removing trees.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, chmodat, fchmod, openat, unlinkat};
use rustix::io::Errno;

use crate::permissions::permissions;
use crate::status::Status;

/// Removes whatever has this name, with everything in it. Links are not followed; directories that their owner may not write to are removed as well.
///
/// # Errors
/// What the system says.
pub fn remove_tree(directory: BorrowedFd<'_>, name: &OsStr) -> rustix::io::Result<()> {
    let found = match Status::of(directory, name) {
        Ok(found) => found,
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error),
    };
    let flags = match found.kind {
        FileType::Directory => {
            let inside = open_own(directory, name, found.mode)?;
            for name in names_in(inside.as_fd())? {
                remove_tree(inside.as_fd(), &name)?;
            }
            AtFlags::REMOVEDIR
        }
        _ => AtFlags::empty(),
    };
    match unlinkat(directory, name, flags) {
        Err(Errno::NOENT) => Ok(()),
        removed => removed,
    }
}

/// Opens a directory that is about to lose what is in it: its owner gets the permission for that.
pub(crate) fn open_own(directory: BorrowedFd<'_>, name: &OsStr, mode: u16) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = permissions(mode);
    let writable = mode.union(Mode::RWXU);
    let opened = match openat(directory, name, flags, Mode::empty()) {
        // Never so for root. Others remove only what they have made themselves, where nobody else can put a link in its place.
        Err(Errno::ACCESS) => {
            chmodat(directory, name, writable, AtFlags::empty())?;
            openat(directory, name, flags, Mode::empty())?
        }
        opened => opened?,
    };
    if mode != writable {
        // What is done next says what is wrong, if this does not help.
        let _ = fchmod(&opened, writable);
    }
    Ok(opened)
}

/// The names in a directory, without `.` and `..`.
pub(crate) fn names_in(directory: BorrowedFd<'_>) -> rustix::io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if !matches!(name.as_slice(), b"." | b"..") {
            names.push(OsString::from_vec(name));
        }
    }
    Ok(names)
}
