//! Finds the places where a stack of layer disks does not show what the layers mean.
//!
//! overlayfs takes a directory's metadata from the topmost disk that has the directory, even when that layer does not describe it; and a directory hides a
//! symbolic link of the same name in a lower layer, even when the layer meant the target of the link. Only directories that two disks have are read, each once.

use std::collections::BTreeSet;

use container_ext4::{DeviceNumber, Metadata, Names, Node, NodeKind, ReadError, Reader};

use crate::layer::Stacking;

/// The attribute with which overlayfs marks an opaque directory.
const OPAQUE_XATTR: &[u8] = b"trusted.overlay.opaque";
/// The device number of overlayfs's whiteouts.
const WHITEOUT: DeviceNumber = DeviceNumber { major: 0, minor: 0 };
/// Directories that are looked into; their names take a few hundred bytes each. A stack with more that several disks share is merged.
const MAX_PLACES: usize = 1 << 16;

/// Which disk of the stack could not be read, counted from the lowest, and why.
pub(super) type DiskError = (usize, ReadError);

/// Paths of directories and how they are.
type Directories = Vec<(Vec<u8>, Metadata)>;

/// What the stack needs to show what the layers mean.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Directories that the cover needs, each after its parent.
    Directories(Directories),
    /// How many of the lowest disks have to be merged.
    Merge(usize),
}

/// A directory of the stack.
struct Place {
    /// Index of the parent; the root is its own.
    parent: usize,
    name: Vec<u8>,
    /// Its inode on each disk that has it.
    inodes: Vec<Option<u32>>,
    /// Disks on which it is opaque.
    hides: Vec<bool>,
    /// The topmost disk whose layer describes it.
    described_by: usize,
    /// Whether the cover needs it.
    is_covered: bool,
}

/// What the disks up to one of them have under a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    Nothing,
    Directory { described_by: usize, shown_by: usize },
    Symlink,
    Other,
}

/// Looks into the stack, lowest disk first. An error is that of the disk with this index.
pub(super) fn look(stack: &[(Reader, Stacking)]) -> Result<Look, DiskError> {
    let merge = stack
        .iter()
        .skip(1)
        .position(|(_, layer)| layer.links_elsewhere > 0 || layer.is_root_opaque);
    let bound = merge.map_or(stack.len(), |at| at + 1);
    let mut stack = Stack {
        disks: &stack[..bound],
        places: vec![root_of(&stack[..bound])],
    };
    let mut index = 0;
    while index < stack.places.len() {
        if let Some(lowest) = stack.look_into(index)? {
            return Ok(Look::Merge(lowest));
        }
        if stack.places.len() > MAX_PLACES {
            return Ok(Look::Merge(merge.map_or(bound, |_| bound + 1)));
        }
        index += 1;
    }
    match merge {
        Some(_) => Ok(Look::Merge(bound + 1)),
        None => stack.cover().map(Look::Directories),
    }
}

fn root_of(disks: &[(Reader, Stacking)]) -> Place {
    let described_by = disks.iter().rposition(|(_, layer)| layer.root.is_some()).unwrap_or(0);
    let top = disks.last().and_then(|(_, layer)| layer.root).unwrap_or_default();
    let root = disks
        .get(described_by)
        .and_then(|(_, layer)| layer.root)
        .unwrap_or_default();
    Place {
        parent: 0,
        name: Vec::new(),
        inodes: vec![Some(container_ext4::ROOT_INODE); disks.len()],
        hides: vec![false; disks.len()],
        described_by,
        is_covered: top != root,
    }
}

struct Stack<'a> {
    disks: &'a [(Reader, Stacking)],
    places: Vec<Place>,
}

impl Stack<'_> {
    /// Compares the directories in place `index`; returns how many of the lowest disks have to be merged, if any.
    fn look_into(&mut self, index: usize) -> Result<Option<usize>, DiskError> {
        let mut listings: Vec<Option<Names>> = Vec::with_capacity(self.disks.len());
        for (disk, inode) in self.places[index].inodes.iter().enumerate() {
            let listing = inode.map(|inode| self.listing(disk, inode)).transpose()?;
            listings.push(listing);
        }
        let mut merge: Option<usize> = None;
        for name in directories_of(&listings, self.disks) {
            let (below, place) = self.fold(index, &listings, name)?;
            match below {
                Err(lowest) => merge = Some(merge.map_or(lowest, |known| known.min(lowest))),
                Ok(Below::Directory { described_by, shown_by }) => {
                    let is_covered = described_by != shown_by && self.differ(&place, described_by, shown_by)?;
                    self.add(Place {
                        described_by,
                        is_covered,
                        ..place
                    });
                }
                // The stack does not show this directory, but what layers put into it through a link may show elsewhere.
                Ok(_) => self.add(place),
            }
        }
        Ok(merge)
    }

    /// What the whole stack has under `name` in place `index`, or how many of the lowest disks have to be merged; and its place, if it is a directory.
    fn fold(
        &self,
        index: usize,
        listings: &[Option<Names>],
        name: &[u8],
    ) -> Result<(Result<Below, usize>, Place), DiskError> {
        let mut place = Place {
            parent: index,
            name: name.to_vec(),
            inodes: vec![None; self.disks.len()],
            hides: self.places[index].hides.clone(),
            described_by: 0,
            is_covered: false,
        };
        let mut below = Below::Nothing;
        for (disk, listing) in listings.iter().enumerate() {
            if self.places[index].hides[disk] {
                below = Below::Nothing;
            }
            let Some(inode) = listing.as_ref().and_then(|names| names.find(name)) else {
                continue;
            };
            let node = self.node(disk, inode)?;
            place.hides[disk] |= node.kind() != NodeKind::Directory || self.is_opaque(disk, &node)?;
            below = match (node.kind(), below) {
                (NodeKind::Directory, Below::Symlink) if node.is_undescribed() => return Ok((Err(disk + 1), place)),
                (NodeKind::Directory, Below::Directory { described_by, .. }) if node.is_undescribed() => {
                    Below::Directory {
                        described_by,
                        shown_by: disk,
                    }
                }
                (NodeKind::Directory, _) => Below::Directory {
                    described_by: disk,
                    shown_by: disk,
                },
                (NodeKind::CharacterDevice(WHITEOUT), _) => Below::Nothing,
                (NodeKind::Symlink, _) => Below::Symlink,
                _ => Below::Other,
            };
            if node.kind() == NodeKind::Directory {
                place.inodes[disk] = Some(inode);
            }
        }
        Ok((Ok(below), place))
    }

    /// Adds a place if something in it may matter: a disk that does not describe everything has it, and one below does.
    fn add(&mut self, place: Place) {
        let lowest = place.inodes.iter().position(Option::is_some);
        let highest = (1..self.disks.len())
            .rev()
            .find(|disk| place.inodes[*disk].is_some() && self.disks[*disk].1.undescribed_directories > 0);
        if place.is_covered || highest > lowest {
            self.places.push(place);
        }
    }

    /// Whether two disks say different things of a directory.
    fn differ(&self, place: &Place, one: usize, other: usize) -> Result<bool, DiskError> {
        Ok(self.metadata(place, one)? != self.metadata(place, other)?)
    }

    /// The directories that the cover needs, with their parents.
    fn cover(mut self) -> Result<Directories, DiskError> {
        if !self.places.iter().any(|place| place.is_covered) {
            return Ok(Vec::new());
        }
        // What is in a directory comes after it.
        for index in (1..self.places.len()).rev() {
            if self.places[index].is_covered {
                let parent = self.places[index].parent;
                self.places[parent].is_covered = true;
            }
        }
        self.places[0].is_covered = true;
        let covered = (0..self.places.len()).filter(|index| self.places[*index].is_covered);
        covered
            .map(|index| {
                let place = &self.places[index];
                Ok((self.path(index), self.metadata(place, place.described_by)?))
            })
            .collect()
    }

    fn path(&self, mut index: usize) -> Vec<u8> {
        let mut names = Vec::new();
        while index != 0 {
            names.push(self.places[index].name.as_slice());
            index = self.places[index].parent;
        }
        names.reverse();
        names.join(&b'/')
    }

    fn metadata(&self, place: &Place, disk: usize) -> Result<Metadata, DiskError> {
        let Some(inode) = place.inodes[disk] else {
            return Ok(Metadata::implied_directory());
        };
        let node = self.node(disk, inode)?;
        let mut xattrs = self.disks[disk].0.xattrs(&node).map_err(|source| (disk, source))?;
        xattrs.retain(|xattr| xattr.name != OPAQUE_XATTR);
        xattrs.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Metadata {
            xattrs,
            ..node.metadata()
        })
    }

    fn node(&self, disk: usize, inode: u32) -> Result<Node, DiskError> {
        self.disks[disk].0.node(inode).map_err(|source| (disk, source))
    }

    fn is_opaque(&self, disk: usize, node: &Node) -> Result<bool, DiskError> {
        let xattrs = self.disks[disk].0.xattrs(node).map_err(|source| (disk, source))?;
        Ok(xattrs.iter().any(|xattr| xattr.name == OPAQUE_XATTR))
    }

    fn listing(&self, disk: usize, inode: u32) -> Result<Names, DiskError> {
        let reader = &self.disks[disk].0;
        let names = reader.node(inode).and_then(|node| reader.names(&node));
        let mut names = names.map_err(|source| (disk, source))?;
        names.sort();
        Ok(names)
    }
}

/// The names of directories on disks that have directories without describing them.
fn directories_of<'a>(listings: &'a [Option<Names>], disks: &[(Reader, Stacking)]) -> BTreeSet<&'a [u8]> {
    let mut found = BTreeSet::new();
    for (listing, (_, layer)) in listings.iter().zip(disks).skip(1) {
        if layer.undescribed_directories > 0
            && let Some(names) = listing
        {
            let directories = (0..names.len()).filter(|index| names.is_directory(*index));
            found.extend(directories.filter_map(|index| names.get(index)).map(|(name, _)| name));
        }
    }
    found
}
