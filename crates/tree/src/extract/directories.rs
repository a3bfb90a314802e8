//! The directories on the way to where the extraction is.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use container_tar::Entry;
use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, futimens, mkdirat, openat, unlinkat};
use rustix::io::Errno;

use super::{Extraction, dress, unwritable};
use crate::error::ExtractError;
use crate::owners::Owners;
use crate::status::Status;

const OPEN: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A chain of open directories. What an entry says of a directory is done when it is left: before, its mode might forbid to write in it, and its time would
/// change with every file.
pub(super) struct Directories<'a> {
    base: BorrowedFd<'a>,
    extraction: &'a Extraction,
    open: Vec<Level>,
}

struct Level {
    name: OsString,
    directory: OwnedFd,
    is_new: bool,
    /// What is to be done on leaving.
    pending: Option<Pending>,
    /// The time that it is to keep, unless an entry says another.
    kept: Option<Timestamps>,
}

/// What an entry says of a directory.
struct Pending {
    entry: Entry,
    /// To whom it is to belong: one that was there stays its owner's, unless the archive's owners are wanted.
    owners: Owners,
    is_new: bool,
}

impl<'a> Directories<'a> {
    pub(super) fn new(base: BorrowedFd<'a>, extraction: &'a Extraction) -> Self {
        Self {
            base,
            extraction,
            open: Vec::new(),
        }
    }

    pub(super) fn is_layer(&self) -> bool {
        self.extraction.is_layer
    }

    /// Makes `names` the current directory if it is there; whether it is.
    pub(super) fn enter_existing(&mut self, names: &[&OsStr]) -> Result<bool, ExtractError> {
        match self.open(names) {
            Ok(_) => self.enter(names).map(|()| true),
            Err(ExtractError::NotADirectory { .. }) => Ok(false),
            Err(ExtractError::Write { source, .. }) if super::is(&source, Errno::NOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The directory that was entered.
    pub(super) fn current(&self) -> BorrowedFd<'_> {
        self.open.last().map_or(self.base, |level| level.directory.as_fd())
    }

    /// Makes `names` the current directory; what is missing of it is made.
    pub(super) fn enter(&mut self, names: &[&OsStr]) -> Result<(), ExtractError> {
        let common = self
            .open
            .iter()
            .zip(names)
            .take_while(|(level, name)| level.name == **name)
            .count();
        self.leave(common)?;
        for (at, name) in names.iter().enumerate().skip(common) {
            let (directory, is_new) = match openat(self.current(), *name, OPEN, Mode::empty()) {
                Err(Errno::NOENT) => self.make_one(&names[..=at])?,
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    return Err(ExtractError::NotADirectory {
                        path: joined(&names[..=at]),
                    });
                }
                Err(error) => return Err(unwritable(&joined(&names[..=at]), error)),
                Ok(directory) => (directory, false),
            };
            self.push(name, directory, is_new, None);
        }
        Ok(())
    }

    /// Makes the directory of an entry, or takes the one that is there, and makes it the current one.
    pub(super) fn make(&mut self, names: &[&OsStr], entry: &Entry) -> Result<(), ExtractError> {
        let Some((name, parents)) = names.split_last() else {
            return Ok(());
        };
        // One that is current gets a new entry of its own.
        let stays =
            self.open.len() >= names.len() && self.open.iter().zip(names).all(|(level, name)| level.name == **name);
        if !stays {
            self.enter(parents)?;
        }
        if let Some(level) = self.open.get_mut(names.len() - 1).filter(|_| stays) {
            match &mut level.pending {
                Some(pending) => pending.entry = entry.clone(),
                pending => *pending = Some(Pending::new(entry, self.extraction, level.is_new)),
            }
            return Ok(());
        }
        let (directory, is_new) = self.make_one(names)?;
        let pending = Pending::new(entry, self.extraction, is_new);
        self.push(name, directory, is_new, Some(pending));
        Ok(())
    }

    /// Opens the directory `names` as it is, without entering it.
    pub(super) fn open(&self, names: &[&OsStr]) -> Result<OwnedFd, ExtractError> {
        let refused = |error| match error {
            Errno::NOTDIR | Errno::LOOP => ExtractError::NotADirectory { path: joined(names) },
            error => unwritable(&joined(names), error),
        };
        let mut directory = openat(self.base, ".", OPEN, Mode::empty()).map_err(refused)?;
        for name in names {
            directory = openat(&directory, *name, OPEN, Mode::empty()).map_err(refused)?;
        }
        Ok(directory)
    }

    /// Leaves all directories.
    pub(super) fn leave_all(mut self) -> Result<(), ExtractError> {
        self.leave(0)
    }

    fn leave(&mut self, depth: usize) -> Result<(), ExtractError> {
        while self.open.len() > depth {
            let Some(level) = self.open.pop() else { break };
            if let Some(kept) = level.kept.filter(|_| level.pending.is_none()) {
                futimens(&level.directory, &kept).map_err(|error| unwritable(level.name.as_bytes(), error))?;
            }
            if let Some(pending) = level.pending {
                match dress(&level.directory, &pending.entry, self.extraction, pending.owners) {
                    // Somebody else's, in which the caller may write.
                    Err(Errno::PERM) if !pending.is_new => {}
                    dressed => dressed.map_err(|error| unwritable(&pending.entry.path, error))?,
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, name: &OsStr, directory: OwnedFd, is_new: bool, pending: Option<Pending>) {
        let kept = (self.extraction.is_layer && !is_new && pending.is_none())
            .then(|| modified(&directory))
            .flatten();
        self.open.push(Level {
            kept,
            name: name.to_owned(),
            directory,
            is_new,
            pending,
        });
    }

    /// Makes the last of `names` in the current directory, and says whether it was not there.
    fn make_one(&self, names: &[&OsStr]) -> Result<(OwnedFd, bool), ExtractError> {
        let refused = |error| unwritable(&joined(names), error);
        let Some(name) = names.last() else {
            return Err(refused(Errno::INVAL));
        };
        let made = match mkdirat(self.current(), *name, Mode::from_raw_mode(0o755)) {
            Err(Errno::EXIST) => false,
            made => made.map(|()| true).map_err(refused)?,
        };
        match openat(self.current(), *name, OPEN, Mode::empty()) {
            Err(Errno::NOTDIR | Errno::LOOP) if self.is_layer() => {
                unlinkat(self.current(), *name, AtFlags::empty()).map_err(refused)?;
                mkdirat(self.current(), *name, Mode::from_raw_mode(0o755)).map_err(refused)?;
                let opened = openat(self.current(), *name, OPEN, Mode::empty());
                opened.map(|directory| (directory, true)).map_err(refused)
            }
            Err(Errno::NOTDIR | Errno::LOOP) => Err(ExtractError::OverwritesNonDirectory { path: joined(names) }),
            opened => opened.map(|directory| (directory, made)).map_err(refused),
        }
    }
}

impl Pending {
    fn new(entry: &Entry, extraction: &Extraction, is_new: bool) -> Self {
        let owners = match extraction.owners {
            Owners::Fixed { .. } if !is_new => Owners::Caller,
            owners => owners,
        };
        Self {
            entry: entry.clone(),
            owners,
            is_new,
        }
    }
}

/// The time of an open directory, to be set again.
fn modified(directory: &OwnedFd) -> Option<Timestamps> {
    let modified = Status::of_file(directory.as_fd()).ok()?.modified;
    Some(Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: modified.seconds,
            tv_nsec: modified.nanoseconds.into(),
        },
    })
}

fn joined(names: &[&OsStr]) -> Vec<u8> {
    names
        .iter()
        .map(|name| name.as_encoded_bytes())
        .collect::<Vec<_>>()
        .join(&b'/')
}
