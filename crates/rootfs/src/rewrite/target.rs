//! The disk that is written, and directories on it.

use super::RewriteError;
use crate::entry::{Entry, Part};
use crate::path::join;
use crate::view::{RootView, UPPER};

/// What part of which disk shows in the container.
pub(super) struct Target {
    /// The number of the disk.
    pub(super) disk: usize,
    /// The directory of the disk that shows.
    pub(super) prefix: Vec<u8>,
    /// The names of the path at which it does; empty for the root.
    pub(super) at: Vec<Vec<u8>>,
    /// The directories of the image below it.
    pub(super) lower: Vec<Part>,
    /// The root of the container, or of the volume.
    pub(super) root: Entry,
    /// Whether it is stacked on the image.
    pub(super) is_stacked: bool,
}

/// A directory on the way to an entry.
#[derive(Clone)]
pub(super) struct Directory {
    pub(super) name: Vec<u8>,
    /// What the image has in its place.
    pub(super) lower: Vec<Part>,
    /// The image's directory, where there is one.
    pub(super) below: Option<Entry>,
}

impl Target {
    /// The disk of what has this path, and the names of the path on it.
    pub(super) fn of<'a>(view: &RootView, names: &'a [Vec<u8>]) -> Result<(Self, &'a [Vec<u8>]), RewriteError> {
        let (mounted, names) = view.disk_of(names);
        let target = match mounted {
            Some(mounted) => Self {
                disk: mounted.root.place.disk,
                prefix: mounted.subpath.clone(),
                at: mounted.at.clone(),
                lower: Vec::new(),
                root: mounted.root.clone(),
                is_stacked: false,
            },
            None if view.has_writable() => Self {
                disk: 0,
                prefix: UPPER.to_vec(),
                at: Vec::new(),
                lower: view.lower().to_vec(),
                root: view.stack_root().clone(),
                is_stacked: true,
            },
            None => return Err(RewriteError::NoDisk),
        };
        Ok((target, names))
    }

    /// Where a directory is on the disk.
    pub(super) fn path_on_disk(&self, directories: &[Directory]) -> Vec<u8> {
        directories
            .iter()
            .fold(self.prefix.clone(), |path, directory| join(&path, &directory.name))
    }

    /// The names of the path in the container.
    pub(super) fn names(&self, directories: &[Directory], name: &[u8]) -> Vec<Vec<u8>> {
        let mut names = self.at.clone();
        names.extend(directories.iter().map(|directory| directory.name.clone()));
        names.push(name.to_vec());
        names
    }
}
