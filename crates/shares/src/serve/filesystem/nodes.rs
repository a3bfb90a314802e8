//! The nodes of a tree as a machine knows them, of which only some hold a descriptor.
//!
//! The crate `virtiofsd` keeps a descriptor for each node until the machine forgets it, and machines forget when they are short of memory, not when this
//! process is short of descriptors. So a node that was not used for long lets go of its descriptor and is looked up again by its name when it is
//! needed. Nodes that are open, or have lost their name, hold on to theirs.

mod shown;

use std::collections::{BTreeMap, HashMap};
use std::ffi::{CStr, CString};
use std::io;

use virtiofsd::filesystem::{Entry, FileSystem as _};
use virtiofsd::fuse::{Attr, ROOT_ID};

use super::nobody;
use crate::serve::names::error;
use crate::serve::tree_filesystem::TreeFilesystem;

/// So many nodes have descriptors in any case: those that one request is about are among them.
const LEAST: usize = 16;

/// What the machine calls a node, and what the tree below does.
pub(in crate::serve) type NodeId = u64;
pub(in crate::serve) type HostId = u64;

/// A place of a node: the directory and the name in it.
pub(in crate::serve) type Place = (NodeId, CString);

/// The host's number of a file and its type. A number is given again when its file is gone; a machine takes no other type for a node.
pub(in crate::serve) type FileIdentity = (u64, u32);

pub(in crate::serve) fn identity(attributes: &Attr) -> FileIdentity {
    (attributes.ino, attributes.mode & libc::S_IFMT)
}

/// All nodes that a machine knows.
#[derive(Debug)]
pub(in crate::serve) struct Nodes {
    nodes: HashMap<NodeId, Node>,
    by_host: HashMap<HostId, NodeId>,
    by_place: HashMap<Place, NodeId>,
    /// Nodes with descriptors by when they were used last.
    used: BTreeMap<u64, NodeId>,
    clock: u64,
    next: NodeId,
    /// Most nodes that may have descriptors without need.
    limit: usize,
}

#[derive(Debug)]
struct Node {
    /// How often the machine was given it and has not forgotten it.
    lookups: u64,
    held: Option<Held>,
    place: Option<Place>,
    /// By which it is known again.
    file: FileIdentity,
    /// How often it is open.
    opens: u64,
}

/// A node of the tree below.
#[derive(Debug, Clone, Copy)]
struct Held {
    host: HostId,
    /// How often it was looked up there.
    lookups: u64,
    used: u64,
}

impl Nodes {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            nodes: HashMap::new(),
            by_host: HashMap::new(),
            by_place: HashMap::new(),
            used: BTreeMap::new(),
            clock: 0,
            next: ROOT_ID + 1,
            limit: limit.max(LEAST),
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.limit);
    }

    /// The tree's node for one of the machine's, looked up again if it had let go.
    ///
    /// # Errors
    /// `EBADF` for a node that was never given, `ESTALE` for one whose name leads to another file now.
    pub(in crate::serve) fn host(&mut self, tree: &TreeFilesystem, id: NodeId) -> io::Result<HostId> {
        if id == ROOT_ID {
            return Ok(ROOT_ID);
        }
        let node = self.nodes.get(&id).ok_or_else(|| error(libc::EBADF))?;
        if let Some(held) = node.held {
            self.touch(id);
            return Ok(held.host);
        }
        let (file, place) = (node.file, node.place.clone());
        let (parent, name) = place.ok_or_else(|| error(libc::ESTALE))?;
        let parent = self.host(tree, parent)?;
        let entry = tree.lookup(nobody(), parent, &name).map_err(|_| error(libc::ESTALE))?;
        if identity(&entry.attr) != file {
            tree.forget(nobody(), entry.inode, 1);
            return Err(error(libc::ESTALE));
        }
        self.hold(id, entry.inode);
        self.let_go(tree);
        Ok(entry.inode)
    }

    /// Takes an entry of the tree below, found or made as `name` of the directory `parent`, and gives it the machine's number.
    pub(super) fn take(&mut self, tree: &TreeFilesystem, parent: NodeId, name: &CStr, mut entry: Entry) -> Entry {
        let place = (parent, name.to_owned());
        let known = self.by_host.get(&entry.inode).copied().or_else(|| {
            let id = *self.by_place.get(&place)?;
            // Without a descriptor it may be the same file; with one it would have been found by that.
            let node = self.nodes.get(&id)?;
            (node.held.is_none() && node.file == identity(&entry.attr)).then_some(id)
        });
        let id = known.unwrap_or_else(|| {
            let id = self.next;
            self.next += 1;
            let node = Node {
                lookups: 0,
                held: None,
                place: None,
                file: identity(&entry.attr),
                opens: 0,
            };
            self.nodes.insert(id, node);
            id
        });
        self.hold(id, entry.inode);
        self.place(id, place);
        if let Some(node) = self.nodes.get_mut(&id) {
            node.lookups += 1;
        }
        self.let_go(tree);
        entry.inode = id;
        entry
    }

    /// The machine forgets a node that it was given `count` times.
    pub(super) fn forget(&mut self, tree: &TreeFilesystem, id: NodeId, count: u64) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        node.lookups = node.lookups.saturating_sub(count);
        if node.lookups > 0 {
            return;
        }
        self.release(tree, id);
        if let Some(Node { place: Some(place), .. }) = self.nodes.remove(&id)
            && self.by_place.get(&place) == Some(&id)
        {
            self.by_place.remove(&place);
        }
    }

    /// Notes that a node is open once more, or once less.
    pub(super) fn opened(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.opens += 1;
        }
    }

    pub(super) fn closed(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.opens = node.opens.saturating_sub(1);
        }
    }

    /// Has a node that is about to lose its name hold its descriptor, so that it stays the machine's.
    pub(super) fn hold_named(&mut self, tree: &TreeFilesystem, parent: NodeId, name: &CStr) {
        if let Some(id) = self.by_place.get(&(parent, name.to_owned())).copied() {
            // One that is not there any more needs none.
            let _ = self.host(tree, id);
        }
    }

    /// A name is gone.
    pub(super) fn unnamed(&mut self, parent: NodeId, name: &CStr) {
        if let Some(id) = self.by_place.remove(&(parent, name.to_owned()))
            && let Some(node) = self.nodes.get_mut(&id)
        {
            node.place = None;
        }
    }

    /// A name has become another one, and what had that has lost it, or has got the first one in exchange.
    pub(super) fn renamed(&mut self, from: Place, to: Place, is_exchange: bool) {
        let (moved, replaced) = (self.by_place.remove(&from), self.by_place.remove(&to));
        if let Some(id) = replaced {
            if let Some(node) = self.nodes.get_mut(&id) {
                node.place = None;
            }
            if is_exchange {
                self.place(id, from);
            }
        }
        if let Some(id) = moved {
            self.place(id, to);
        }
    }

    /// How many nodes hold a descriptor.
    #[cfg(test)]
    pub(super) fn held_count(&self) -> usize {
        self.used.len()
    }

    fn place(&mut self, id: NodeId, place: Place) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if let Some(before) = node.place.replace(place.clone())
            && before != place
            && self.by_place.get(&before) == Some(&id)
        {
            self.by_place.remove(&before);
        }
        if let Some(other) = self.by_place.insert(place, id)
            && other != id
            && let Some(node) = self.nodes.get_mut(&other)
        {
            node.place = None;
        }
    }

    /// The node has been looked up once more in the tree below.
    fn hold(&mut self, id: NodeId, host: HostId) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        match &mut node.held {
            Some(held) => held.lookups += 1,
            None => {
                node.held = Some(Held {
                    host,
                    lookups: 1,
                    used: 0,
                });
                self.by_host.insert(host, id);
            }
        }
        self.touch(id);
    }

    fn touch(&mut self, id: NodeId) {
        self.clock += 1;
        if let Some(held) = self.nodes.get_mut(&id).and_then(|node| node.held.as_mut()) {
            self.used.remove(&held.used);
            held.used = self.clock;
            self.used.insert(self.clock, id);
        }
    }

    /// Lets go of the descriptors of those that were not used for longest, an eighth at a time, but not of the one that was used last.
    fn let_go(&mut self, tree: &TreeFilesystem) {
        if self.used.len() <= self.limit {
            return;
        }
        let count = self.used.len() - self.limit + self.limit / 8;
        let is_free = |id: &&NodeId| {
            let node = self.nodes.get(id);
            node.is_some_and(|node| node.opens == 0 && node.place.is_some())
        };
        let latest = self.clock;
        let candidates = self.used.iter().filter(|(used, _)| **used != latest).map(|(_, id)| id);
        let idle: Vec<NodeId> = candidates.filter(is_free).take(count).copied().collect();
        for id in idle {
            self.release(tree, id);
        }
    }

    fn release(&mut self, tree: &TreeFilesystem, id: NodeId) {
        if let Some(held) = self.nodes.get_mut(&id).and_then(|node| node.held.take()) {
            self.used.remove(&held.used);
            self.by_host.remove(&held.host);
            tree.forget(nobody(), held.host, held.lookups);
        }
    }
}
