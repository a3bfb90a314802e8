//! Makes the machine's kernel tell its watchers what happened to shared files on the host.
//!
//! The kernel tells watchers (inotify(7)) of what goes through it. So each change is made once more, here, by a process that the host's file server knows,
//! and whose requests it answers without doing anything. The process makes itself known first and sees that the server has understood it; it never goes on
//! without, because what it does would be done to the host's files.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, OFlags, ResolveFlags, StatxFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT,
    mkdirat, mknodat, open, openat, openat2, renameat, statx, symlinkat, unlinkat, utimensat,
};
use rustix::io::Errno;

use crate::container::Container;
use crate::fork::{Forked, fork_worker};
use crate::in_root::path_of;

/// A process of the group that tries to make this directory in the root of the device, and only that, is told that something is in progress (`EINPROGRESS`),
/// and so it is when it looks the directory up.
const AGENT_NAME: &str = ".agent";
/// After looking this up it is a process as any other.
const AGENT_DONE_NAME: &str = ".agent-done";

/// What happened to an entry of a shared directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShareChange {
    /// A file has another content.
    Modified(ShareEntry),
    /// Nobody writes to a file any more.
    Written(ShareEntry),
    /// Owner, permissions or times are others.
    Attributes(ShareEntry),
    /// There is a new file, of this type.
    Made(ShareEntry, FileType),
    /// What is no directory is gone.
    Removed(ShareEntry),
    /// A directory is gone.
    DirectoryRemoved(ShareEntry),
    /// The first is called like the second.
    Moved(ShareEntry, ShareEntry),
}

/// An entry of a shared directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareEntry {
    /// Name of the share.
    pub share: String,
    /// The directory below the share; empty is the share itself.
    pub directory: Vec<u8>,
    /// Empty for the directory itself, or the file that is all of the share.
    pub name: Vec<u8>,
}

impl Container {
    /// Makes `changes` once more, in order, in a process of `group`. The returned descriptor is readable once it has exited, and it must be waited for: there
    /// may be one such process only.
    ///
    /// # Errors
    /// The kernel's, in which case there is no process.
    pub fn announce(&self, changes: &[ShareChange], group: u32) -> io::Result<OwnedFd> {
        let shares = self.layout.shares();
        let Forked { pidfd, .. } = fork_worker(None, &[], || match announce(&shares, changes, group) {
            Ok(()) => 0,
            Err(_) => 1,
        })?;
        Ok(pidfd)
    }
}

fn announce(shares: &Path, changes: &[ShareChange], group: u32) -> io::Result<()> {
    let group = Gid::from_raw(group);
    rustix::thread::set_thread_res_gid(group, group, group)?;
    let shares = open(
        shares,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let known = Err(Errno::INPROGRESS);
    let introduced = mkdirat(&shares, AGENT_NAME, Mode::RWXU);
    if introduced != known || look_up(&shares, AGENT_NAME) != known {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let mut places = Places { shares, last: None };
    for change in changes {
        // What is not there any more, or was not to be done, is passed over.
        let _ = places.make(change);
    }
    // Before its number can be another process's.
    let _ = look_up(&places.shares, AGENT_DONE_NAME);
    Ok(())
}

fn look_up(directory: &OwnedFd, name: &str) -> rustix::io::Result<()> {
    openat(
        directory,
        name,
        OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map(drop)
}

/// Directories of shares.
struct Places {
    shares: OwnedFd,
    /// The last one that was asked for, and its name.
    last: Option<(String, Vec<u8>, OwnedFd)>,
}

impl Places {
    fn directory(&mut self, entry: &ShareEntry) -> rustix::io::Result<&OwnedFd> {
        let is_last =
            |(share, directory, _): &(String, Vec<u8>, OwnedFd)| *share == entry.share && *directory == entry.directory;
        let opened = match self.last.take().filter(is_last) {
            Some((_, _, opened)) => opened,
            None => {
                let share = openat(
                    &self.shares,
                    entry.share.as_str(),
                    OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                    Mode::empty(),
                )?;
                if entry.directory.is_empty() {
                    share
                } else {
                    // Programs of the container may have put links anywhere.
                    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
                    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                    openat2(share, entry.directory.as_slice(), flags, Mode::empty(), resolve)?
                }
            }
        };
        let (_, _, opened) = self.last.insert((entry.share.clone(), entry.directory.clone(), opened));
        Ok(opened)
    }

    fn make(&mut self, change: &ShareChange) -> rustix::io::Result<()> {
        match change {
            ShareChange::Modified(entry) => {
                let directory = self.directory(entry)?;
                let name = name(entry);
                // First the kernel looks at the file, so that it gives up what it has of the former content.
                let flags = at(entry);
                statx(
                    directory,
                    name,
                    flags | AtFlags::STATX_FORCE_SYNC,
                    StatxFlags::BASIC_STATS,
                )?;
                utimensat(directory, name, &times(UTIME_OMIT), flags)
            }
            ShareChange::Attributes(entry) => {
                utimensat(self.directory(entry)?, name(entry), &times(UTIME_NOW), at(entry))
            }
            ShareChange::Written(entry) => {
                let directory = self.directory(entry)?;
                let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
                if entry.name.is_empty() {
                    openat(CWD, path_of(directory), flags, Mode::empty()).map(drop)
                } else {
                    openat(directory, name(entry), flags | OFlags::NOFOLLOW, Mode::empty()).map(drop)
                }
            }
            ShareChange::Made(entry, kind) => {
                let (directory, name) = (self.directory(entry)?, name(entry));
                let mode = Mode::from_raw_mode(0o600);
                match kind {
                    FileType::Directory => mkdirat(directory, name, mode),
                    FileType::Symlink => symlinkat("-", directory, name),
                    _ => mknodat(directory, name, *kind, mode, 0),
                }
            }
            ShareChange::Removed(entry) => unlinkat(self.directory(entry)?, name(entry), AtFlags::empty()),
            ShareChange::DirectoryRemoved(entry) => unlinkat(self.directory(entry)?, name(entry), AtFlags::REMOVEDIR),
            ShareChange::Moved(from, to) => {
                let from_directory = rustix::io::dup(self.directory(from)?)?;
                renameat(from_directory, name(from), self.directory(to)?, name(to))
            }
        }
    }
}

fn name(entry: &ShareEntry) -> &OsStr {
    OsStr::from_bytes(&entry.name)
}

fn at(entry: &ShareEntry) -> AtFlags {
    if entry.name.is_empty() {
        AtFlags::EMPTY_PATH
    } else {
        AtFlags::SYMLINK_NOFOLLOW
    }
}

/// A change of the time of modification only is told as one of the content, that of both times as one of attributes.
fn times(access: i64) -> Timestamps {
    let time = |nanoseconds| Timespec {
        tv_sec: 0,
        tv_nsec: nanoseconds,
    };
    Timestamps {
        last_access: time(access),
        last_modification: time(UTIME_NOW),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_s_file_server_knows_these_names() {
        assert_eq!(AGENT_NAME.as_bytes(), container_shares::AGENT_NAME.to_bytes());
        assert_eq!(AGENT_DONE_NAME.as_bytes(), container_shares::AGENT_DONE_NAME.to_bytes());
    }
}
