//! From disks to a view.

use std::fs::File;

use container_ext4::{NodeKind, ReadError, Reader};

use super::{Mounted, RootView};
use crate::entry::{Entry, Part, Place};
use crate::error::{DiskRole, RootError};
use crate::overlay::{Disk, Disks};
use crate::path;

/// Where the writable disk has the upper directory of the overlay, and the one that overlayfs works in.
pub(crate) const UPPER: &[u8] = b"upper";
const WORK: &[u8] = b"work";

/// The disk of a volume and where it is mounted.
#[derive(Debug)]
pub struct Mount {
    /// The path in the container. Symbolic links in it are followed.
    pub path: Vec<u8>,
    /// The disk.
    pub disk: File,
    /// The directory of the disk that is shown; empty for all of it.
    pub subpath: Vec<u8>,
}

/// What is right below a step.
#[derive(Debug)]
pub enum StepBase {
    /// No layer.
    Nothing,
    /// What a step before it has written, by the name of its directory.
    Step(Vec<u8>),
    /// The disk of a layer.
    Layer(File),
}

impl RootView {
    /// Stacks the disks of `layers`, lowest first, and the container's own, `None` where it has none yet; and mounts volumes, those below others after these.
    ///
    /// # Errors
    /// [`RootError::Disk`] and the like when a disk cannot be read, [`RootError::NotFound`] for a sub-path that is not there.
    pub fn open(layers: Vec<File>, writable: Option<File>, mounts: Vec<Mount>) -> Result<Self, RootError> {
        let mut disks = Disks::default();
        let has_writable = writable.is_some();
        if let Some(file) = writable {
            disks.add(file, DiskRole::Writable)?;
        }
        for (number, file) in layers.into_iter().enumerate().rev() {
            disks.add(file, DiskRole::Layer(number))?;
        }
        let first_layer = usize::from(has_writable);
        let mut lower = Vec::new();
        for disk in first_layer..disks.disks.len() {
            let root = disks.root_of(disk)?;
            let is_opaque = disks.marks(root.place, &root.node)?.is_opaque;
            lower.push(root);
            if is_opaque {
                break;
            }
        }
        let upper = match has_writable {
            true => disks.upper()?,
            false => None,
        };
        let root = root_entry(&upper, &lower);
        let mut view = Self {
            root: root.ok_or(RootError::NotFound { path: b"/".to_vec() })?,
            disks,
            upper: upper.and_then(|upper| upper.entry.parts.first().copied()),
            lower: lower.iter().flat_map(|root| root.parts.iter().copied()).collect(),
            mounts: Vec::new(),
        };
        for mount in mounts {
            view.mount(mount)?;
        }
        Ok(view)
    }

    /// The disk of a machine that runs steps of a build, with what one of them has written: `upper` names its directory in the root of the disk, which is an upper
    /// directory of overlayfs, and `below` has the highest directory below it. Nothing is written to either; other steps may write elsewhere on the disk meanwhile.
    ///
    /// The view is that of the step alone: what the layers below have is not in it.
    ///
    /// # Errors
    /// [`RootError::NotFound`] when there is no such directory, or any about a disk.
    pub fn open_step(disk: File, upper: &[u8], below: StepBase) -> Result<Self, RootError> {
        let mut disks = Disks::default();
        disks.add(disk, DiskRole::Writable)?;
        let top = disks.root_of(0)?;
        let directory = |disks: &Disks, name: &[u8]| -> Result<Entry, RootError> {
            let found = disks.lookup(&top.parts, name)?.filter(Entry::is_directory);
            found.ok_or_else(|| RootError::NotFound { path: name.to_vec() })
        };
        let root = directory(&disks, upper)?;
        let lower = match below {
            StepBase::Nothing => None,
            StepBase::Step(name) => Some(directory(&disks, &name)?),
            StepBase::Layer(file) => {
                let layer = disks.add(file, DiskRole::Layer(0))?;
                Some(disks.root_of(layer)?)
            }
        };
        Ok(Self {
            upper: root.parts.first().copied(),
            lower: lower.iter().flat_map(|lower| lower.parts.iter().copied()).collect(),
            root,
            disks,
            mounts: Vec::new(),
        })
    }

    fn mount(&mut self, mount: Mount) -> Result<(), RootError> {
        let located = match self.locate(&mount.path, true) {
            Ok(located) => located.names,
            // A container that never ran has no directory for it yet.
            Err(RootError::NotFound { .. }) => path::names(&mount.path).map(<[u8]>::to_vec).collect(),
            Err(error) => return Err(error),
        };
        let disk = self.disks.add(mount.disk, DiskRole::Volume(mount.path.clone()))?;
        let mut root = self.disks.root_of(disk)?;
        for name in path::names(&mount.subpath) {
            let found = self.disks.lookup(&root.parts, name)?;
            root = found.filter(Entry::is_directory).ok_or_else(|| RootError::NotFound {
                path: mount.subpath.clone(),
            })?;
        }
        let subpath = mount.subpath;
        self.mounts.push(Mounted {
            at: located,
            root,
            subpath,
        });
        Ok(())
    }
}

/// The upper directory.
struct Upper {
    entry: Entry,
    /// Whether it was ever mounted, from when on owner and mode of the root are its own.
    was_mounted: bool,
}

/// The root of the stack. As long as the container never ran, its owner and mode are those of the image's.
fn root_entry(upper: &Option<Upper>, lower: &[Entry]) -> Option<Entry> {
    let parts = lower.iter().flat_map(|root| root.parts.iter().copied());
    let Some(upper) = upper else {
        let mut root = lower.first()?.clone();
        root.parts = parts.collect();
        return Some(root);
    };
    let mut root = upper.entry.clone();
    root.parts.extend(parts);
    if let Some(top) = lower.first().filter(|_| !upper.was_mounted) {
        root.adopted = Some((top.mode(), top.uid(), top.gid()));
    }
    Some(root)
}

impl Disks {
    /// Opens a disk and returns its number.
    fn add(&mut self, file: File, role: DiskRole) -> Result<usize, RootError> {
        let reader = Reader::open(file).map_err(|source| RootError::Disk {
            disk: role.clone(),
            source,
        })?;
        self.disks.push(Disk { reader, role });
        Ok(self.disks.len() - 1)
    }

    /// The root directory of a disk.
    fn root_of(&self, disk: usize) -> Result<Entry, RootError> {
        let inode = container_ext4::ROOT_INODE;
        let place = Place { disk, inode };
        let node = self.node(place)?;
        if node.kind() != NodeKind::Directory {
            let what = "its root is not a directory";
            return Err(self.disk(place).fail()(ReadError::Damaged { what }));
        }
        let marks = self.marks(place, &node)?;
        let part = Part {
            place,
            has_marked_whiteouts: marks.has_marked_whiteouts,
        };
        Ok(Entry {
            node,
            place,
            parts: vec![part],
            adopted: None,
        })
    }

    /// The upper directory of the first disk, if it has one.
    fn upper(&self) -> Result<Option<Upper>, RootError> {
        let root = self.root_of(0)?;
        let Some(entry) = self.lookup(&root.parts, UPPER)?.filter(Entry::is_directory) else {
            return Ok(None);
        };
        // overlayfs makes a directory of this name in the one that it works in when it is mounted for the first time.
        let work = self.lookup(&root.parts, WORK)?;
        let was_mounted = match work {
            Some(work) => self.lookup(&work.parts, WORK)?.is_some(),
            None => false,
        };
        Ok(Some(Upper { entry, was_mounted }))
    }
}
