//! A stream to files.

mod content;
mod directories;
mod layer;
mod node;
mod path;

use std::ffi::OsStr;
use std::io::{self, BufRead};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use container_tar::{Entry, EntryKind, Reader};
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, Uid, chownat, fchmod, fchown, futimens,
    linkat, openat, symlinkat, unlinkat, utimensat,
};
use rustix::io::Errno;

use crate::attributes::Attributes;
use crate::error::ExtractError;
use crate::owners::Owners;
use crate::permissions::permissions;
use crate::remove::remove_tree;
use crate::status::Status;

use directories::Directories;
use layer::Layer;
#[cfg(test)]
pub(crate) use node::make_fifo;

/// How files are made.
#[derive(Debug, Clone)]
pub struct Extraction {
    /// Whose they are.
    pub owners: Owners,
    /// Which extended attributes they get.
    pub attributes: Attributes,
    /// Whether the archive is a layer of an image: its whiteouts take away what is there, anything may take the place of anything else, the entry for the
    /// directory itself counts, and directories that have no entry keep their times.
    pub is_layer: bool,
}

/// Makes the files of an archive below `directory`.
///
/// What is there already is replaced, except that directories are only ever merged with directories. The archive's entry for `directory` itself changes
/// nothing. A layer is different in that ([`Extraction::is_layer`]). Owners, modes and times are set where [`Extraction`] says so and the caller may. Content is written from the stream's own buffer, as much at a
/// time as that has.
///
/// # Errors
/// [`ExtractError`]; what was made before stays.
pub fn extract(directory: BorrowedFd<'_>, stream: impl BufRead, extraction: &Extraction) -> Result<(), ExtractError> {
    let mut reader = Reader::new(stream);
    let mut directories = Directories::new(directory, extraction);
    let mut layer = extraction.is_layer.then(Layer::default);
    let mut own = None;
    while let Some(entry) = reader.next_entry()? {
        let names = path::names(&entry.path).ok_or_else(|| ExtractError::Outside {
            path: entry.path.clone(),
        })?;
        let Some((name, parents)) = names.split_last() else {
            own = Some(entry);
            continue;
        };
        if let Some(layer) = &mut layer {
            if layer.mark(&mut directories, &names)? {
                continue;
            }
            layer.note(&names);
        }
        if entry.kind == EntryKind::Directory {
            directories.make(&names, &entry)?;
            continue;
        }
        directories.enter(parents)?;
        make(&mut directories, name, &entry, &mut reader, extraction)?;
    }
    directories.leave_all()?;
    match own.filter(|own| extraction.is_layer && own.kind == EntryKind::Directory) {
        Some(own) => dress_directory(directory, &own, extraction).map_err(|error| unwritable(&own.path, error)),
        None => Ok(()),
    }
}

/// Gives a directory that was there what an entry says of it.
fn dress_directory(directory: BorrowedFd<'_>, entry: &Entry, extraction: &Extraction) -> rustix::io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = openat(directory, ".", flags, Mode::empty())?;
    dress(&opened, entry, extraction, extraction.owners)
}

/// Makes anything but a directory, in the directory that was entered.
fn make<R: BufRead>(
    directories: &mut Directories<'_>,
    name: &OsStr,
    entry: &Entry,
    reader: &mut Reader<R>,
    extraction: &Extraction,
) -> Result<(), ExtractError> {
    let refused = |error| unwritable(&entry.path, error);
    match &entry.kind {
        EntryKind::File { size_bytes, regions } => {
            let file = replace(directories, name, entry, |directory| {
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                openat(directory, name, flags, Mode::RUSR | Mode::WUSR)
            });
            let file = match file {
                // A file that is mounted here can be overwritten and not replaced.
                Err(ExtractError::Write { source, .. }) if is(&source, Errno::BUSY) => {
                    let flags = OFlags::WRONLY | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                    openat(directories.current(), name, flags, Mode::empty()).map_err(refused)?
                }
                made => made?,
            };
            content::write(file.as_fd(), *size_bytes, regions.as_deref(), reader, &entry.path)?;
            dress(&file, entry, extraction, extraction.owners).map_err(refused)
        }
        EntryKind::HardLink { target } => {
            let outside = || ExtractError::Outside { path: target.clone() };
            let target = path::names(target).ok_or_else(outside)?;
            let Some((target_name, target_parents)) = target.split_last() else {
                return Err(outside());
            };
            let target_directory = directories.open(target_parents)?;
            replace(directories, name, entry, |directory| {
                linkat(&target_directory, *target_name, directory, name, AtFlags::empty())
            })
        }
        EntryKind::Symlink { target } => {
            let target = OsStr::from_bytes(target);
            replace(directories, name, entry, |directory| symlinkat(target, directory, name))?;
            dress_name(directories.current(), name, entry, extraction).map_err(refused)
        }
        EntryKind::CharacterDevice(device) => {
            make_device(directories, name, entry, FileType::CharacterDevice, *device, extraction)
        }
        EntryKind::BlockDevice(device) => {
            make_device(directories, name, entry, FileType::BlockDevice, *device, extraction)
        }
        EntryKind::Fifo => {
            let mode = permissions(entry.mode);
            replace(directories, name, entry, |directory| {
                node::make_fifo(directory, name, mode)
            })?;
            dress_name(directories.current(), name, entry, extraction).map_err(refused)
        }
        EntryKind::Directory => Ok(()),
    }
}

fn make_device(
    directories: &mut Directories<'_>,
    name: &OsStr,
    entry: &Entry,
    kind: FileType,
    device: container_tar::DeviceNumber,
    extraction: &Extraction,
) -> Result<(), ExtractError> {
    let made = replace(directories, name, entry, |directory| {
        node::make_device(directory, name, kind, permissions(entry.mode), device)
    });
    match made {
        Err(ExtractError::Write { source, path }) if is(&source, Errno::PERM) => Err(ExtractError::Device { path }),
        made => {
            made?;
            dress_name(directories.current(), name, entry, extraction).map_err(|error| unwritable(&entry.path, error))
        }
    }
}

/// Makes something in the current directory, in place of what has its name.
fn replace<T>(
    directories: &Directories<'_>,
    name: &OsStr,
    entry: &Entry,
    make: impl Fn(BorrowedFd<'_>) -> rustix::io::Result<T>,
) -> Result<T, ExtractError> {
    let directory = directories.current();
    // Again and again only while somebody else makes files of this name.
    for _ in 0..16 {
        match make(directory) {
            Err(Errno::EXIST) => {}
            made => return made.map_err(|error| unwritable(&entry.path, error)),
        }
        match Status::of(directory, name) {
            Ok(status) if status.kind == FileType::Directory && directories.is_layer() => {
                remove_tree(directory, name).map_err(|error| unwritable(&entry.path, error))?;
            }
            Ok(status) if status.kind == FileType::Directory => {
                return Err(ExtractError::OverwritesDirectory {
                    path: entry.path.clone(),
                });
            }
            Ok(_) => match unlinkat(directory, name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(unwritable(&entry.path, error)),
            },
            Err(Errno::NOENT) => {}
            Err(error) => return Err(unwritable(&entry.path, error)),
        }
    }
    Err(unwritable(&entry.path, Errno::EXIST))
}

/// Gives an open file or directory what its entry says of it. The mode comes after the owner, whose change takes setuid bits away.
fn dress(file: &OwnedFd, entry: &Entry, extraction: &Extraction, owners: Owners) -> rustix::io::Result<()> {
    if let Some((uid, gid)) = owner(entry, owners) {
        fchown(file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    }
    extraction.attributes.set_on_file(file.as_fd(), &entry.xattrs)?;
    fchmod(file, permissions(entry.mode))?;
    futimens(file, &times(entry))
}

/// The same for what was made with its mode and cannot be opened.
fn dress_name(
    directory: BorrowedFd<'_>,
    name: &OsStr,
    entry: &Entry,
    extraction: &Extraction,
) -> rustix::io::Result<()> {
    let no_follow = AtFlags::SYMLINK_NOFOLLOW;
    if let Some((uid, gid)) = owner(entry, extraction.owners) {
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        chownat(directory, name, Some(uid), Some(gid), no_follow)?;
    }
    extraction.attributes.set_on_name(directory, name, &entry.xattrs)?;
    utimensat(directory, name, &times(entry), no_follow)
}

fn owner(entry: &Entry, owners: Owners) -> Option<(u32, u32)> {
    match owners {
        Owners::Caller => None,
        Owners::Fixed { uid, gid } => Some((uid, gid)),
        Owners::Stream => Some((entry.uid, entry.gid)),
    }
}

fn times(entry: &Entry) -> Timestamps {
    Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: entry.modified.seconds,
            tv_nsec: entry.modified.nanoseconds.into(),
        },
    }
}

fn unwritable(path: &[u8], error: Errno) -> ExtractError {
    ExtractError::Write {
        path: path.to_vec(),
        source: io::Error::from(error),
    }
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

#[cfg(test)]
mod tests;
