//! The rules by which overlayfs stacks directories (`Documentation/filesystems/overlayfs.rst`).
//!
//! The topmost disk that has a name decides what is there. Directories of that name below it are merged into one, down to the first disk where it is something else, a
//! whiteout, or an opaque directory. The guest mounts with the kernel's defaults, under which neither moved directories ("redirect_dir") nor files without content of
//! their own ("metacopy") are made.

use std::sync::{Arc, Mutex, PoisonError};

use container_ext4::{DeviceNumber, Names, Node, NodeKind, ReadError, Reader};

use crate::entry::{Entry, Part, Place};
use crate::error::{DiskRole, RootError};

/// The device number of a whiteout.
pub(crate) const WHITEOUT: DeviceNumber = DeviceNumber { major: 0, minor: 0 };
/// The other form of a whiteout: an empty file with this attribute, in a directory that is marked as having such.
const WHITEOUT_XATTR: &[u8] = b"trusted.overlay.whiteout";
/// `y` for a directory that hides those below it, `x` for one with whiteouts in the form of files.
pub(crate) const OPAQUE_XATTR: &[u8] = b"trusted.overlay.opaque";
/// What is refused.
const FOREIGN_XATTRS: [&[u8]; 2] = [b"trusted.overlay.redirect", b"trusted.overlay.metacopy"];
/// Listings that are kept, and how many names they have together.
const MAX_LISTINGS: usize = 64;
const MAX_LISTED_NAMES: usize = 1 << 20;

/// A disk of the stack, or that of a volume.
#[derive(Debug)]
pub(crate) struct Disk {
    pub(crate) reader: Reader,
    pub(crate) role: DiskRole,
}

impl Disk {
    pub(crate) fn fail(&self) -> impl Fn(ReadError) -> RootError {
        |source| RootError::Disk {
            disk: self.role.clone(),
            source,
        }
    }

    fn is_stacked(&self) -> bool {
        !matches!(self.role, DiskRole::Volume(_))
    }
}

/// What the attributes of a directory say of it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Marks {
    pub(crate) is_opaque: bool,
    pub(crate) has_marked_whiteouts: bool,
}

/// All disks, and the directories that were listed last.
#[derive(Debug, Default)]
pub(crate) struct Disks {
    pub(crate) disks: Vec<Disk>,
    listings: Mutex<Vec<(Place, Arc<Names>)>>,
}

impl Disks {
    pub(crate) fn disk(&self, place: Place) -> &Disk {
        &self.disks[place.disk]
    }

    pub(crate) fn node(&self, place: Place) -> Result<Node, RootError> {
        let disk = self.disk(place);
        disk.reader.node(place.inode).map_err(disk.fail())
    }

    /// What one disk has in a directory, in the order of the names' bytes.
    pub(crate) fn listing(&self, place: Place) -> Result<Arc<Names>, RootError> {
        let mut listings = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = listings.iter().position(|(listed, _)| *listed == place) {
            let found = listings.remove(at);
            let names = Arc::clone(&found.1);
            listings.push(found);
            return Ok(names);
        }
        let disk = self.disk(place);
        let node = self.node(place)?;
        let mut names = disk.reader.names(&node).map_err(disk.fail())?;
        names.sort();
        let names = Arc::new(names);
        listings.push((place, Arc::clone(&names)));
        let total = |listings: &[(Place, Arc<Names>)]| listings.iter().map(|(_, names)| names.len()).sum::<usize>();
        while listings.len() > MAX_LISTINGS || (listings.len() > 1 && total(&listings) > MAX_LISTED_NAMES) {
            listings.remove(0);
        }
        Ok(names)
    }

    /// What is called `name` in the directory with these parts.
    pub(crate) fn lookup(&self, parts: &[Part], name: &[u8]) -> Result<Option<Entry>, RootError> {
        let mut found: Option<Entry> = None;
        for part in parts {
            let Some(inode) = self.listing(part.place)?.find(name) else {
                continue;
            };
            let place = Place { inode, ..part.place };
            let node = self.node(place)?;
            let is_directory = node.kind() == NodeKind::Directory;
            if self.is_whiteout(*part, place, &node)? || (found.is_some() && !is_directory) {
                break;
            }
            let marks = self.marks(place, &node)?;
            let entry = found.get_or_insert_with(|| Entry {
                node,
                place,
                parts: Vec::new(),
                adopted: None,
            });
            if !is_directory {
                break;
            }
            entry.parts.push(Part {
                place,
                has_marked_whiteouts: marks.has_marked_whiteouts,
            });
            if marks.is_opaque {
                break;
            }
        }
        Ok(found)
    }

    /// All names in the directory with these parts, in the order of their bytes.
    pub(crate) fn names(&self, parts: &[Part]) -> Result<Vec<Vec<u8>>, RootError> {
        let mut all = Vec::new();
        for part in parts {
            let names = self.listing(part.place)?;
            all.extend(
                (0..names.len())
                    .filter_map(|index| names.get(index))
                    .map(|(name, _)| name.to_vec()),
            );
        }
        if parts.len() > 1 {
            all.sort_unstable();
            all.dedup();
        }
        Ok(all)
    }

    /// Whether a node hides its name instead of giving it.
    pub(crate) fn is_whiteout(&self, directory: Part, place: Place, node: &Node) -> Result<bool, RootError> {
        let disk = self.disk(place);
        match node.kind() {
            NodeKind::CharacterDevice(WHITEOUT) => Ok(disk.is_stacked()),
            NodeKind::File if directory.has_marked_whiteouts && node.size_bytes() == 0 => {
                let xattrs = disk.reader.xattrs(node).map_err(disk.fail())?;
                Ok(xattrs.iter().any(|xattr| xattr.name == WHITEOUT_XATTR))
            }
            _ => Ok(false),
        }
    }

    /// The marks of overlayfs on a node.
    pub(crate) fn marks(&self, place: Place, node: &Node) -> Result<Marks, RootError> {
        let disk = self.disk(place);
        let mut marks = Marks::default();
        if !disk.is_stacked() || !matches!(node.kind(), NodeKind::Directory | NodeKind::File) {
            return Ok(marks);
        }
        for xattr in disk.reader.xattrs(node).map_err(disk.fail())? {
            if FOREIGN_XATTRS.contains(&xattr.name.as_slice()) {
                return Err(RootError::Foreign {
                    disk: disk.role.clone(),
                    xattr: xattr.name,
                });
            }
            if xattr.name == OPAQUE_XATTR {
                marks.is_opaque |= xattr.value.first() == Some(&b'y');
                marks.has_marked_whiteouts |= xattr.value.first() == Some(&b'x');
            }
        }
        Ok(marks)
    }
}
