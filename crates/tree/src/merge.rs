//! A tree that was made aside takes its place in another one.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{
    Access, AtFlags, FileType, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, accessat, fchmod, futimens, openat,
    renameat, unlinkat,
};
use rustix::io::Errno;

use crate::permissions::permissions;
use crate::remove::{names_in, open_own};
use crate::status::Status;

/// Why a tree could not take its place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A directory is where something else is to be, or the other way round. Nothing was moved.
    #[error("\"{}\" is there, and is {there}: {new} cannot take its place", .path.escape_ascii())]
    Occupied {
        /// The place, below the directory.
        path: Vec<u8>,
        /// What is there.
        there: &'static str,
        /// What was to be there.
        new: &'static str,
    },
    /// The system refused it.
    #[error("cannot write \"{}\": {source}", .path.escape_ascii())]
    Write {
        /// The place, below the directory.
        path: Vec<u8>,
        /// The system's reason.
        source: io::Error,
    },
}

/// Moves everything in `from`, which is the caller's own and on the same file system, into `into`.
///
/// Directories that both have are merged, and get mode and time of those in `from`; any other file is replaced. Symbolic links are replaced too, and never followed.
/// Whether everything can take its place is looked at before anything is moved.
///
/// # Errors
/// [`MergeError`]
pub fn merge(from: BorrowedFd<'_>, into: BorrowedFd<'_>) -> Result<(), MergeError> {
    check(from, into, b"")?;
    place(from, into, b"")
}

fn check(from: BorrowedFd<'_>, into: BorrowedFd<'_>, at: &[u8]) -> Result<(), MergeError> {
    let needed = Access::WRITE_OK | Access::EXEC_OK;
    accessat(into, ".", needed, AtFlags::EACCESS).map_err(|error| refused(at, error))?;
    for name in names_in(from).map_err(|error| refused(at, error))? {
        let path = below(at, &name);
        let Some(pair) = Pair::of(from, into, &name).map_err(|error| refused(&path, error))? else {
            continue;
        };
        if !pair.is_alike() {
            return Err(MergeError::Occupied {
                path,
                there: described(pair.there.kind),
                new: described(pair.new.kind),
            });
        }
        if let Some((new, there)) = pair.open(from, into, &name).map_err(|error| refused(&path, error))? {
            check(new.as_fd(), there.as_fd(), &path)?;
            if !permissions(pair.new.mode).contains(Mode::RWXU) {
                fchmod(&new, permissions(pair.new.mode)).map_err(|error| refused(&path, error))?;
            }
        }
    }
    Ok(())
}

fn place(from: BorrowedFd<'_>, into: BorrowedFd<'_>, at: &[u8]) -> Result<(), MergeError> {
    for name in names_in(from).map_err(|error| refused(at, error))? {
        let path = below(at, &name);
        let failed = |error| refused(&path, error);
        let pair = Pair::of(from, into, &name).map_err(failed)?;
        let both = match &pair {
            Some(pair) => pair.open(from, into, &name).map_err(failed)?,
            None => None,
        };
        match (pair, both) {
            (Some(pair), Some((new, there))) => {
                place(new.as_fd(), there.as_fd(), &path)?;
                // A directory that is somebody else's stays as it is.
                match dress(&there, &pair.new) {
                    Ok(()) | Err(Errno::PERM) => {}
                    Err(error) => return Err(failed(error)),
                }
                unlinkat(from, &name, AtFlags::REMOVEDIR).map_err(failed)?;
            }
            _ => move_one(from, into, &name).map_err(failed)?,
        }
    }
    Ok(())
}

/// Moves what is called `name`. A directory that its owner may not write to could not be moved, so that it may for the moment.
fn move_one(from: BorrowedFd<'_>, into: BorrowedFd<'_>, name: &OsStr) -> rustix::io::Result<()> {
    let status = Status::of(from, name)?;
    let opened = match status.kind {
        FileType::Directory if !permissions(status.mode).contains(Mode::RWXU) => {
            Some(open_own(from, name, status.mode)?)
        }
        _ => None,
    };
    renameat(from, name, into, name)?;
    opened.map_or(Ok(()), |opened| dress(&opened, &status))
}

/// Gives a directory the mode and the time of another one.
fn dress(directory: &OwnedFd, status: &Status) -> rustix::io::Result<()> {
    fchmod(directory, permissions(status.mode))?;
    let times = Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: status.modified.seconds,
            tv_nsec: status.modified.nanoseconds.into(),
        },
    };
    futimens(directory, &times)
}

/// What has the same name in both trees.
struct Pair {
    new: Status,
    there: Status,
}

impl Pair {
    fn of(from: BorrowedFd<'_>, into: BorrowedFd<'_>, name: &OsStr) -> rustix::io::Result<Option<Self>> {
        let there = match Status::of(into, name) {
            Ok(there) => there,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error),
        };
        let new = Status::of(from, name)?;
        Ok(Some(Self { new, there }))
    }

    fn is_alike(&self) -> bool {
        (self.new.kind == FileType::Directory) == (self.there.kind == FileType::Directory)
    }

    /// Opens them, if they are directories.
    fn open(
        &self,
        from: BorrowedFd<'_>,
        into: BorrowedFd<'_>,
        name: &OsStr,
    ) -> rustix::io::Result<Option<(OwnedFd, OwnedFd)>> {
        if self.new.kind != FileType::Directory || self.there.kind != FileType::Directory {
            return Ok(None);
        }
        let new = open_own(from, name, self.new.mode)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let there = openat(into, name, flags, Mode::empty())?;
        Ok(Some((new, there)))
    }
}

fn below(at: &[u8], name: &OsStr) -> Vec<u8> {
    match at {
        b"" => name.as_bytes().to_vec(),
        at => [at, b"/", name.as_bytes()].concat(),
    }
}

fn described(kind: FileType) -> &'static str {
    match kind {
        FileType::Directory => "a directory",
        FileType::Symlink => "a symbolic link",
        _ => "a file",
    }
}

fn refused(path: &[u8], error: Errno) -> MergeError {
    MergeError::Write {
        path: match path {
            b"" => b".".to_vec(),
            path => path.to_vec(),
        },
        source: error.into(),
    }
}

#[cfg(test)]
mod tests;
