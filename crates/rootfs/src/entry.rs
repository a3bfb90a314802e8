//! What a path leads to.

use container_ext4::{Node, NodeKind, Timestamp, Xattr};

/// An inode on one of the disks, which are numbered from the topmost one of the stack on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) disk: usize,
    pub(crate) inode: u32,
}

/// A directory on one disk of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) place: Place,
    /// Whether files in it may be marked as whiteouts by an attribute.
    pub(crate) has_marked_whiteouts: bool,
}

/// Something in the container's root. Where several disks have a directory, this is the topmost one.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(crate) node: Node,
    pub(crate) place: Place,
    /// The directories that make up this one, topmost first; empty for anything else.
    pub(crate) parts: Vec<Part>,
    /// Owner and mode, where they are not the node's own.
    pub(crate) adopted: Option<(u16, u32, u32)>,
}

impl Entry {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> NodeKind {
        self.node.kind()
    }

    /// Whether it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.kind() == NodeKind::Directory
    }

    /// Permission bits with setuid, setgid and sticky.
    #[must_use]
    pub fn mode(&self) -> u16 {
        self.adopted
            .map_or_else(|| self.node.metadata().mode, |(mode, ..)| mode)
    }

    /// Owner.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.adopted.map_or_else(|| self.node.metadata().uid, |(_, uid, _)| uid)
    }

    /// Group.
    #[must_use]
    pub fn gid(&self) -> u32 {
        self.adopted.map_or_else(|| self.node.metadata().gid, |(.., gid)| gid)
    }

    /// Modification time.
    #[must_use]
    pub fn modified(&self) -> Timestamp {
        self.node.metadata().modified
    }

    /// Size of a file, and of a symbolic link's target, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.node.size_bytes()
    }

    /// Names of anything but a directory, on its disk.
    #[must_use]
    pub fn links(&self) -> u16 {
        self.node.links()
    }

    /// What is the same for all names of one file: a number of the disk and one on the disk.
    #[must_use]
    pub fn identity(&self) -> (usize, u32) {
        (self.place.disk, self.place.inode)
    }
}

/// The attributes of overlayfs ("trusted.overlay."). A container sees none of them.
pub(crate) const OVERLAY_PREFIX: &[u8] = b"trusted.overlay.";
/// Attributes of that name that a container sets itself, say for an overlayfs of its own, are kept with this prefix.
pub(crate) const ESCAPED_PREFIX: &[u8] = b"trusted.overlay.overlay.";

/// The attributes that a container sees.
pub(crate) fn shown(xattrs: Vec<Xattr>) -> Vec<Xattr> {
    let shown = xattrs.into_iter().filter_map(|xattr| {
        if let Some(rest) = xattr.name.strip_prefix(ESCAPED_PREFIX) {
            let name = [OVERLAY_PREFIX, rest].concat();
            return Some(Xattr { name, ..xattr });
        }
        (!xattr.name.starts_with(OVERLAY_PREFIX)).then_some(xattr)
    });
    let mut shown: Vec<Xattr> = shown.collect();
    shown.sort_by(|a, b| a.name.cmp(&b.name));
    shown
}
