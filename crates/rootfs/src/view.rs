//! The container's root as its programs see it.

mod open;
mod resolve;
mod tree;

use container_ext4::Xattr;

use crate::entry::{Entry, Part, shown};
use crate::error::{DiskRole, RootError};
use crate::overlay::Disks;

pub(crate) use open::UPPER;
pub use open::{Mount, StepBase};
pub use resolve::Located;
pub use tree::{TreeWalk, Visit};

/// The stacked disks of a container that does not run.
///
/// In memory are the listings of the directories that were read last.
#[derive(Debug)]
pub struct RootView {
    pub(crate) disks: Disks,
    root: Entry,
    /// The upper directory by itself.
    upper: Option<Part>,
    /// The stack without the upper directory.
    lower: Vec<Part>,
    mounts: Vec<Mounted>,
}

/// What is mounted in the root.
#[derive(Debug)]
pub(crate) struct Mounted {
    /// The names of the path, without symbolic links.
    pub(crate) at: Vec<Vec<u8>>,
    pub(crate) root: Entry,
    /// The directory of the disk that is shown.
    pub(crate) subpath: Vec<u8>,
}

impl RootView {
    /// What is at `path`; a symbolic link at its end is followed if `follow`.
    ///
    /// # Errors
    /// [`RootError::NotFound`], [`RootError::NotADirectory`], [`RootError::Loop`], [`RootError::InvalidPath`], or any about a disk.
    pub fn stat(&self, path: &[u8], follow: bool) -> Result<Entry, RootError> {
        let located = self.locate(path, follow)?;
        located.entry.ok_or_else(|| RootError::NotFound { path: path.to_vec() })
    }

    /// The extended attributes of an entry of this view, as the container sees them, in the order of their names.
    ///
    /// # Errors
    /// [`RootError::Disk`]
    pub fn xattrs(&self, entry: &Entry) -> Result<Vec<Xattr>, RootError> {
        let disk = self.disks.disk(entry.place);
        let xattrs = disk.reader.xattrs(&entry.node).map_err(disk.fail())?;
        Ok(shown(xattrs))
    }

    /// What a symbolic link of this view says.
    ///
    /// # Errors
    /// [`RootError::Disk`]
    pub fn link_target(&self, link: &Entry) -> Result<Vec<u8>, RootError> {
        let disk = self.disks.disk(link.place);
        disk.reader.link_target(&link.node).map_err(disk.fail())
    }

    /// The names in a directory that was located, in the order of their bytes; none for anything else.
    ///
    /// # Errors
    /// [`RootError::Disk`]
    pub fn names(&self, located: &Located) -> Result<Vec<Vec<u8>>, RootError> {
        let Some(directory) = located.entry.as_ref().filter(|entry| entry.is_directory()) else {
            return Ok(Vec::new());
        };
        let mut names = self.children(&located.names, &directory.parts)?;
        let mut shown = Vec::with_capacity(names.len());
        for name in names.drain(..) {
            if self.child(&located.names, &directory.parts, &name)?.is_some() {
                shown.push(name);
            }
        }
        Ok(shown)
    }

    /// The root directory, also where a volume is mounted on it.
    pub(crate) fn root(&self) -> &Entry {
        self.mounts
            .iter()
            .rev()
            .find(|mounted| mounted.at.is_empty())
            .map_or(&self.root, |mounted| &mounted.root)
    }

    /// The disk on which what has this path is, or would be, and the names of the path within what is mounted there.
    pub(crate) fn disk_of<'a>(&self, names: &'a [Vec<u8>]) -> (Option<&Mounted>, &'a [Vec<u8>]) {
        let covering = self.mounts.iter().filter(|mounted| names.starts_with(&mounted.at));
        match covering.max_by_key(|mounted| mounted.at.len()) {
            Some(mounted) => (Some(mounted), &names[mounted.at.len()..]),
            None => (None, names),
        }
    }

    /// Which disk has what is at `path`, or would have it: the container's own, or that of a volume.
    ///
    /// # Errors
    /// As [`Self::locate`].
    pub fn disk_at(&self, path: &[u8], follow: bool) -> Result<DiskRole, RootError> {
        let located = self.locate(path, follow)?;
        Ok(match self.disk_of(&located.names) {
            (Some(mounted), _) => self.disks.disk(mounted.root.place).role.clone(),
            (None, _) => DiskRole::Writable,
        })
    }

    /// Whether something is mounted at the path of these names.
    pub(crate) fn is_mount(&self, names: &[Vec<u8>]) -> bool {
        self.mounts.iter().any(|mounted| mounted.at == names)
    }

    /// The root directory of the stack.
    pub(crate) fn stack_root(&self) -> &Entry {
        &self.root
    }

    /// Whether the first disk is the container's own.
    pub(crate) fn has_writable(&self) -> bool {
        let first = self.disks.disks.first();
        first.is_some_and(|disk| disk.role == DiskRole::Writable)
    }

    pub(crate) fn upper(&self) -> Option<Part> {
        self.upper
    }

    /// The image's root directory.
    pub(crate) fn lower(&self) -> &[Part] {
        &self.lower
    }

    /// What is called `name` in the directory at `at`, which has these parts.
    pub(crate) fn child(&self, at: &[Vec<u8>], parts: &[Part], name: &[u8]) -> Result<Option<Entry>, RootError> {
        let mounted = self.mounts.iter().rev().find(|mounted| {
            let split = mounted.at.split_last();
            split.is_some_and(|(last, parents)| last == name && parents == at)
        });
        match mounted {
            Some(mounted) => Ok(Some(mounted.root.clone())),
            None => self.disks.lookup(parts, name),
        }
    }

    /// The names in the directory at `at`, which has these parts. Some may turn out to be hidden.
    pub(crate) fn children(&self, at: &[Vec<u8>], parts: &[Part]) -> Result<Vec<Vec<u8>>, RootError> {
        let mut names = self.disks.names(parts)?;
        for mounted in &self.mounts {
            if let Some((last, parents)) = mounted.at.split_last()
                && parents == at
                && let Err(place) = names.binary_search(last)
            {
                names.insert(place, last.clone());
            }
        }
        Ok(names)
    }
}
