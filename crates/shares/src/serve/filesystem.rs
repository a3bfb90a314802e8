//! The device's file system: a root with an entry for each tree, and the trees.

mod entries;
mod locks;
mod marked;
pub(super) mod nodes;
mod requests;

use std::ffi::CStr;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nodes::{NodeId, Nodes};
use virtiofsd::filesystem::{Context, Entry, FileSystem as _};
use virtiofsd::fuse::{Attr, ROOT_ID};

use crate::serve::changes::{Changes, Directory, Watches};
use crate::serve::locks::Locks;
use crate::serve::names::error;
use crate::serve::node::Node;
use crate::serve::tree_filesystem::{DefaultOwner, TreeFilesystem};
use crate::tree::{SharedTree, TreeOwner};

/// Where the number of a tree's host file system begins in a file's number, bits: two files on different file systems of the host have different
/// numbers, as long as the host's are smaller.
const DEVICE_SHIFT: u32 = 56;

/// The root never changes.
const ROOT_VALID: Duration = Duration::from_secs(3600);

/// Most digits of an owner, and the colon.
const OWNER_BYTES: usize = 21;

/// All trees of a machine. A copy is the same one.
#[derive(Clone)]
pub(crate) struct Filesystem {
    trees: Arc<[Tree]>,
    pub(super) changes: Arc<Changes>,
    locks: Arc<Locks>,
    owner: Arc<DefaultOwner>,
    has_owner: Arc<AtomicBool>,
}

pub(super) struct Tree {
    pub(super) name: Vec<u8>,
    pub(super) filesystem: TreeFilesystem,
    nodes: Mutex<Nodes>,
    /// What makes the numbers of its files unlike those of files on another file system of the host.
    mark: u64,
}

impl Filesystem {
    /// `descriptor_limit` is how many files and directories the machine may keep open or known in each tree, `lock_descriptors` how many files may be open
    /// for its locks.
    ///
    /// # Errors
    /// The path of a tree that cannot be opened, and why.
    pub(crate) fn new(
        shared: &[SharedTree],
        descriptor_limit: u64,
        lock_descriptors: usize,
    ) -> Result<Self, (PathBuf, io::Error)> {
        let owner = Arc::new(DefaultOwner::default());
        let mut devices: Vec<u64> = Vec::new();
        let mut trees = Vec::with_capacity(shared.len());
        for tree in shared {
            let failed = |source| (tree.path.clone(), source);
            let device = std::fs::symlink_metadata(&tree.path).map_err(failed)?.dev();
            let rank = devices.iter().position(|known| *known == device).unwrap_or_else(|| {
                devices.push(device);
                devices.len() - 1
            });
            let filesystem = TreeFilesystem::new(
                tree,
                match tree.owner {
                    TreeOwner::Named => Arc::clone(&owner),
                    TreeOwner::Root => Arc::default(),
                },
                descriptor_limit,
            )
            .map_err(failed)?;
            trees.push(Tree {
                name: tree.name.clone().into_bytes(),
                filesystem,
                // The other half is for what is open.
                nodes: Mutex::new(Nodes::new(usize::try_from(descriptor_limit / 2).unwrap_or(usize::MAX))),
                mark: (rank as u64) << DEVICE_SHIFT,
            });
        }
        Ok(Self {
            trees: trees.into(),
            changes: Arc::default(),
            locks: Arc::new(Locks::new(lock_descriptors)),
            owner,
            has_owner: Arc::default(),
        })
    }

    /// The tree of a node.
    fn tree(&self, number: u64) -> io::Result<(&Tree, usize, NodeId)> {
        match Node::of_number(number) {
            Node::Root => Err(error(libc::EPERM)),
            Node::Of(index, node) => {
                let tree = self.trees.get(index).ok_or_else(|| error(libc::EBADF))?;
                Ok((tree, index, node))
            }
        }
    }

    /// The tree of a node, and what the node is called there.
    fn of(&self, number: u64) -> io::Result<Place<'_>> {
        let (tree, index, id) = self.tree(number)?;
        let node = tree.nodes().host(&tree.filesystem, id)?;
        Ok(Place { tree, index, id, node })
    }

    /// Two nodes of the same tree.
    fn of_both(&self, one: u64, other: u64) -> io::Result<(Place<'_>, Place<'_>)> {
        let (one, other) = (self.of(one)?, self.of(other)?);
        if one.index == other.index {
            Ok((one, other))
        } else {
            Err(error(libc::EXDEV))
        }
    }

    /// The entry of the root that is called `name`.
    fn tree_called(&self, name: &CStr) -> io::Result<Entry> {
        let index = self.trees.iter().position(|tree| tree.name == name.to_bytes());
        let index = index.ok_or_else(|| error(libc::ENOENT))?;
        let place = self.of(Node::Of(index, ROOT_ID).number())?;
        let (attr, attr_timeout) = place.tree.filesystem.getattr(nobody(), ROOT_ID, None)?;
        self.looked_up(
            Directory {
                tree: index,
                node: ROOT_ID,
            },
            attr.ino,
        );
        Ok(place.numbered(Entry {
            inode: ROOT_ID,
            generation: 0,
            attr,
            attr_timeout,
            entry_timeout: ROOT_VALID,
        }))
    }

    /// Has the host's kernel tell of what happens in the trees, to `watches`.
    pub(crate) fn watch(&mut self, watches: Watches) -> (Arc<[Tree]>, Arc<Changes>) {
        self.changes = Arc::new(Changes::new(watches));
        (Arc::clone(&self.trees), Arc::clone(&self.changes))
    }

    /// An entry of a tree, found or made as `name` in the directory `place`, as one of the device.
    fn found(&self, place: &Place<'_>, name: &CStr, entry: Entry) -> Entry {
        let number = entry.attr.ino;
        let is_directory = entry.attr.mode & libc::S_IFMT == libc::S_IFDIR;
        let entry = place.entry(name, entry);
        if is_directory && let Node::Of(tree, node) = Node::of_number(entry.inode) {
            self.looked_up(Directory { tree, node }, number);
        }
        entry
    }

    /// The machine has found a directory, or a tree that is a single file; `number` is the host's.
    fn looked_up(&self, directory: Directory, number: u64) {
        if let Some(watches) = &self.changes.watches {
            let path = |directory: Directory| self.trees.get(directory.tree)?.nodes().path(directory.node);
            watches.looked_up(directory, number, path);
        }
    }

    /// Takes the owner of files without a record, the first time.
    fn set_owner(&self, value: &[u8]) -> io::Result<()> {
        let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= OWNER_BYTES);
        let owner = text.and_then(|text| text.split_once(':'));
        let owner = owner.and_then(|(user, group)| Some((user.parse().ok()?, group.parse().ok()?)));
        let (user, group) = owner.ok_or_else(|| error(libc::EINVAL))?;
        if self.has_owner.swap(true, Ordering::Relaxed) {
            return Err(error(libc::EEXIST));
        }
        self.owner.set(user, group);
        Ok(())
    }
}

impl Tree {
    pub(super) fn nodes(&self) -> MutexGuard<'_, Nodes> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A node and its tree.
struct Place<'a> {
    tree: &'a Tree,
    index: usize,
    /// The machine's number of the node in the tree.
    id: NodeId,
    /// The tree's own.
    node: u64,
}

impl Place<'_> {
    /// An entry of the tree, found or made as `name` in this directory, as one of the device.
    fn entry(&self, name: &CStr, entry: Entry) -> Entry {
        self.numbered(self.tree.nodes().take(&self.tree.filesystem, self.id, name, entry))
    }

    fn numbered(&self, mut entry: Entry) -> Entry {
        entry.inode = Node::Of(self.index, entry.inode).number();
        entry.attr.ino ^= self.tree.mark;
        entry
    }

    /// Notes that the node is open, if it is.
    fn opened<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_ok() {
            self.tree.nodes().opened(self.id);
        }
        result
    }

    /// Notes that the node is not as often open any more.
    fn closed(&self, result: io::Result<()>) -> io::Result<()> {
        if result.is_ok() {
            self.tree.nodes().closed(self.id);
        }
        result
    }

    fn attributes(&self, (mut attributes, valid): (Attr, Duration)) -> (Attr, Duration) {
        attributes.ino ^= self.tree.mark;
        (attributes, valid)
    }
}

/// Who asks, where it does not matter.
pub(super) fn nobody() -> Context {
    Context {
        uid: 0.into(),
        gid: 0.into(),
        pid: 0,
    }
}

/// The root, which nobody writes to.
fn root() -> (Attr, Duration) {
    let attributes = Attr {
        ino: ROOT_ID,
        mode: libc::S_IFDIR | 0o555,
        nlink: 2,
        ..Attr::default()
    };
    (attributes, ROOT_VALID)
}

#[cfg(test)]
mod tests;
