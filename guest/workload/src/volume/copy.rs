//! Copies a tree with everything that a file system keeps of it: owners, modes, times, extended attributes, links, devices.
//!
//! Nobody changes either tree meanwhile, and no symbolic link is followed.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Mode, Timespec, Timestamps, XattrFlags, lgetxattr, llistxattr, lsetxattr, mknodat, utimensat,
};
use rustix::io::Errno;

/// The largest list of names and the largest value of extended attributes, XATTR_LIST_MAX and XATTR_SIZE_MAX, limits.h.
const XATTR_MAX_BYTES: usize = 64 << 10;

/// Files with several names, by device and inode, with the copy of the first one.
type Links = HashMap<(u64, u64), PathBuf>;

/// What the file system keeps that is copied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    Everything,
    /// No extended attributes and no devices.
    WhatSharesHave,
}

/// Copies what is in the directory `from` into the directory `to`, which is there and empty, and gives it what is known of `from`.
pub(super) fn copy_directory(from: &Path, to: &Path, keeps: Keeps) -> io::Result<()> {
    copy_children(from, to, keeps, &mut Links::new())?;
    copy_metadata(&fs::metadata(from)?, from, to, keeps)
}

fn copy_children(from: &Path, to: &Path, keeps: Keeps, links: &mut Links) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        let (from, to) = (from.join(&name), to.join(&name));
        copy(&from, &to, keeps, links).map_err(|error| named(&from, &error))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path, keeps: Keeps, links: &mut Links) -> io::Result<()> {
    let found = fs::symlink_metadata(from)?;
    let kind = found.file_type();
    if keeps == Keeps::WhatSharesHave && (kind.is_char_device() || kind.is_block_device()) {
        return Ok(());
    }
    if !kind.is_dir() && found.nlink() > 1 {
        if let Some(first) = links.get(&(found.dev(), found.ino())) {
            return fs::hard_link(first, to);
        }
        links.insert((found.dev(), found.ino()), to.to_owned());
    }
    if kind.is_dir() {
        fs::create_dir(to)?;
        copy_children(from, to, keeps, links)?;
    } else if kind.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
    } else if kind.is_file() {
        let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        io::copy(&mut File::open(from)?, &mut target)?;
    } else {
        mknodat(CWD, to, node_type(kind), Mode::from_raw_mode(0o600), found.rdev())?;
    }
    copy_metadata(&found, from, to, keeps)
}

/// The error with the file that it is about, unless an inner one has been named.
fn named(path: &Path, error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(_) => io::Error::new(
            error.kind(),
            format!("{:?}: {error}", path.file_name().unwrap_or_default()),
        ),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

fn node_type(kind: FileType) -> rustix::fs::FileType {
    if kind.is_char_device() {
        rustix::fs::FileType::CharacterDevice
    } else if kind.is_block_device() {
        rustix::fs::FileType::BlockDevice
    } else if kind.is_fifo() {
        rustix::fs::FileType::Fifo
    } else {
        rustix::fs::FileType::Socket
    }
}

/// Owner first: its change takes setuid bits and capabilities away. Times last: everything else changes them.
fn copy_metadata(found: &Metadata, from: &Path, to: &Path, keeps: Keeps) -> io::Result<()> {
    lchown(to, Some(found.uid()), Some(found.gid()))?;
    if !found.file_type().is_symlink() {
        fs::set_permissions(to, fs::Permissions::from_mode(found.mode() & 0o7777))?;
    }
    if keeps == Keeps::Everything {
        copy_xattrs(from, to)?;
    }
    let time = |seconds, nanoseconds| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds,
    };
    let times = Timestamps {
        last_access: time(found.atime(), found.atime_nsec()),
        last_modification: time(found.mtime(), found.mtime_nsec()),
    };
    Ok(utimensat(CWD, to, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

fn copy_xattrs(from: &Path, to: &Path) -> io::Result<()> {
    let mut names = vec![0; XATTR_MAX_BYTES];
    let length = match llistxattr(from, &mut names[..]) {
        Ok(length) => length,
        Err(Errno::NOTSUP) => 0,
        Err(error) => return Err(error.into()),
    };
    let names = names.get(..length).unwrap_or_default();
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let name = OsStr::from_bytes(name);
        let mut value = vec![0; XATTR_MAX_BYTES];
        let length = lgetxattr(from, name, &mut value[..])?;
        lsetxattr(to, name, value.get(..length).unwrap_or_default(), XattrFlags::empty())?;
    }
    Ok(())
}
