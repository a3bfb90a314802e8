//! What was selected, as it was when it was looked at.

use container_tree::Status;
use rustix::fs::FileType;

use crate::directory::Xattrs;
use crate::path::join;

/// One thing that a source names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// Which source, counted from 0.
    pub source: usize,
    /// Its last name as the source has it, or as the pattern matched: of a symbolic link its own, not that of what it leads to. Empty for the root.
    pub name: Vec<u8>,
    /// What of it is copied.
    pub kind: SelectedKind,
}

/// What of a selected thing is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectedKind {
    /// Anything but a directory: its only item's path is its name.
    File,
    /// The content of a directory: paths of items are those below it, and it itself is no item.
    DirectoryContent,
    /// Of `--parents`: paths of items are those below the root or the source's `/./`, the directories on the way included.
    Parents,
}

/// A selected thing with what belongs to it.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) selected: Selected,
    /// Where it is, from the root and without symbolic links.
    pub(crate) base: Vec<u8>,
    /// In the order in which they are copied.
    pub(crate) entries: Vec<Found>,
}

/// A file or directory.
#[derive(Debug)]
pub(crate) struct Found {
    /// As [`SelectedKind`] says.
    pub(crate) path: Vec<u8>,
    pub(crate) status: Status,
    pub(crate) detail: Detail,
}

/// What the status does not tell.
#[derive(Debug)]
pub(crate) enum Detail {
    Directory {
        xattrs: Xattrs,
    },
    Symlink {
        target: Vec<u8>,
    },
    /// Its content is looked at when it is needed.
    File,
    /// A device or fifo.
    Special,
}

impl Part {
    /// Where one of its entries is, from the root.
    pub(crate) fn place(&self, entry: &Found) -> Vec<u8> {
        match self.selected.kind {
            SelectedKind::File => self.base.clone(),
            SelectedKind::DirectoryContent | SelectedKind::Parents => join(&self.base, &entry.path),
        }
    }
}

impl Found {
    pub(crate) fn is_file(&self) -> bool {
        self.status.kind == FileType::RegularFile
    }

    /// Permission bits. Those of symbolic links mean nothing, and differ between systems.
    pub(crate) fn mode(&self) -> u16 {
        match self.detail {
            Detail::Symlink { .. } => 0o777,
            _ => self.status.mode,
        }
    }
}
