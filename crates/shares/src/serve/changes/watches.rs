//! The directories that the host's kernel tells of: those that the machine knows, as far as it may be many.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};

use super::host_events::{Handle, HostEvent, HostEvents};
use super::shown::Directory;

/// Most directories at once; those that the machine has not looked up for longest are left out first.
const LIMIT: usize = 16 << 10;

/// The kernel's queue of events, and what they are of.
pub(crate) struct Watches {
    events: HostEvents,
    /// The trees themselves, without any right to their content.
    roots: Vec<File>,
    known: Mutex<Known>,
    /// Readable while there are trees of which it has not been said that nothing is told (eventfd(2)).
    deafness: OwnedFd,
}

#[derive(Default)]
struct Known {
    directories: HashMap<Directory, Watch>,
    by_handle: HashMap<Handle, Vec<Directory>>,
    by_use: BTreeMap<u64, Directory>,
    clock: u64,
    /// Nothing can be watched in these.
    deaf: Vec<bool>,
    /// Those of which it has not been said.
    newly_deaf: Vec<usize>,
}

struct Watch {
    /// `None` when it cannot be watched.
    handle: Option<Handle>,
    used: u64,
}

impl Watches {
    /// # Errors
    /// When the kernel has no such queue for this process.
    pub(crate) fn new(roots: Vec<File>) -> io::Result<Self> {
        let known = Known {
            deaf: vec![false; roots.len()],
            ..Known::default()
        };
        Ok(Self {
            events: HostEvents::new()?,
            roots,
            known: Mutex::new(known),
            deafness: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The machine has looked a directory up, or a tree that is a single file; `number` is the host's number of it, and `path` tells
    /// where such a directory is below its tree.
    pub(crate) fn looked_up(&self, directory: Directory, number: u64, path: impl Fn(Directory) -> Option<Vec<u8>>) {
        {
            let mut known = self.known();
            if known.touch(directory) || known.deaf.get(directory.tree) != Some(&false) {
                return;
            }
        }
        let watched = path(directory).map(|path| self.watch(directory, number, &path));
        let mut known = self.known();
        match watched {
            Some(Ok(handle)) => known.insert(directory, Some(handle)),
            // Not on this file system, or no more of them.
            Some(Err(error)) if is_lasting(&error) => {
                self.deafen(&mut known, directory.tree);
            }
            _ => known.insert(directory, None),
        }
        let oldest = known.by_use.first_key_value().map(|(_, oldest)| *oldest);
        let excess = oldest.filter(|_| known.directories.len() > LIMIT);
        drop(known);
        if let Some(oldest) = excess {
            self.forget(oldest, path(oldest));
        }
    }

    /// Nothing, or nothing more, is told of a tree.
    fn deafen(&self, known: &mut Known, tree: usize) {
        if let Some(deaf) = known.deaf.get_mut(tree) {
            *deaf = true;
            known.newly_deaf.push(tree);
            // Nothing but a full counter refuses it, which is readable as well.
            let _ = rustix::io::write(&self.deafness, &1_u64.to_ne_bytes());
        }
    }

    /// As if the host's kernel had refused to tell of a tree.
    #[cfg(test)]
    pub(in crate::serve) fn refuse(&self, tree: usize) {
        self.deafen(&mut self.known(), tree);
    }

    fn watch(&self, directory: Directory, number: u64, path: &[u8]) -> io::Result<Handle> {
        let file = self.open(directory, path)?;
        let metadata = file.metadata()?;
        if metadata.ino() != number {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.events.watch(file.as_fd(), metadata.is_dir())
    }

    fn open(&self, directory: Directory, path: &[u8]) -> io::Result<File> {
        let root = self.roots.get(directory.tree).ok_or(io::ErrorKind::NotFound)?;
        if path.is_empty() {
            return root.try_clone();
        }
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        Ok(openat2(root, path, flags, Mode::empty(), resolve)?.into())
    }

    /// The machine has forgotten a directory, which was at `path` below its tree.
    pub(crate) fn forget(&self, directory: Directory, path: Option<Vec<u8>>) {
        // Otherwise another tree has it too.
        let Some(handle) = self.known().remove(directory) else {
            return;
        };
        if let Some(file) = path.and_then(|path| self.open(directory, &path).ok()) {
            let is_directory = file.metadata().is_ok_and(|metadata| metadata.is_dir());
            // Another one may be at its path by now, and one that is gone is not watched any more.
            let _ = self.events.forget(file.as_fd(), is_directory, &handle);
        }
    }

    /// What has happened; see [`HostEvents::read`].
    pub(in crate::serve) fn read(&self) -> io::Result<Vec<HostEvent>> {
        self.events.read()
    }

    /// The directories that a handle is of, one in each tree that has it.
    pub(in crate::serve) fn of(&self, handle: &Handle) -> Vec<Directory> {
        self.known().by_handle.get(handle).cloned().unwrap_or_default()
    }

    /// Those that were looked up last.
    pub(in crate::serve) fn latest(&self, count: usize) -> Vec<Directory> {
        self.known().by_use.values().rev().take(count).copied().collect()
    }

    /// Readable once [`Watches::take_deaf`] has something to give.
    pub(in crate::serve) fn deafness(&self) -> &OwnedFd {
        &self.deafness
    }

    /// Trees of which nothing, or nothing more, will be told; each once.
    pub(in crate::serve) fn take_deaf(&self) -> Vec<usize> {
        // Before the list is taken, so that what comes between is not overlooked. It fails where nothing was written.
        let _ = rustix::io::read(&self.deafness, &mut [0; 8]);
        std::mem::take(&mut self.known().newly_deaf)
    }
}

impl AsFd for Watches {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }
}

/// Whether the next directory would meet the same error: fanotify_mark(2).
fn is_lasting(error: &io::Error) -> bool {
    let lasting = [
        libc::ENODEV,
        libc::EOPNOTSUPP,
        libc::EXDEV,
        libc::ENOSPC,
        libc::EINVAL,
        libc::ENOSYS,
        libc::EPERM,
    ];
    error.raw_os_error().is_some_and(|number| lasting.contains(&number))
}

impl Known {
    /// Whether it is known.
    fn touch(&mut self, directory: Directory) -> bool {
        let Some(watch) = self.directories.get_mut(&directory) else {
            return false;
        };
        self.clock += 1;
        self.by_use.remove(&watch.used);
        watch.used = self.clock;
        self.by_use.insert(self.clock, directory);
        true
    }

    fn insert(&mut self, directory: Directory, handle: Option<Handle>) {
        self.remove(directory);
        if let Some(handle) = &handle {
            self.by_handle.entry(handle.clone()).or_default().push(directory);
        }
        self.directories.insert(directory, Watch { handle, used: 0 });
        self.touch(directory);
    }

    /// What the kernel called it, if nobody needs its word of it any more.
    fn remove(&mut self, directory: Directory) -> Option<Handle> {
        let watch = self.directories.remove(&directory)?;
        self.by_use.remove(&watch.used);
        let handle = watch.handle?;
        let is_last = self.by_handle.get_mut(&handle).is_none_or(|sharing| {
            sharing.retain(|other| *other != directory);
            sharing.is_empty()
        });
        if is_last {
            self.by_handle.remove(&handle);
        }
        is_last.then_some(handle)
    }
}
