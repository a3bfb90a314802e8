//! What a directory has, with the numbers that its files are shown with.

use virtiofsd::filesystem::{DirEntry, DirectoryIterator, FileSystem};

use crate::serve::tree_filesystem::TreeFilesystem;

type OfTree = <TreeFilesystem as FileSystem>::DirIter;

/// The entries of a directory of a tree; none for the root of the device.
#[derive(Default)]
pub(crate) struct Entries {
    of_tree: OfTree,
    mark: u64,
}

impl Entries {
    pub(super) fn new(of_tree: OfTree, mark: u64) -> Self {
        Self { of_tree, mark }
    }
}

impl DirectoryIterator for Entries {
    fn next(&mut self) -> Option<DirEntry<'_>> {
        let mut entry = self.of_tree.next()?;
        entry.ino ^= self.mark;
        Some(entry)
    }
}
