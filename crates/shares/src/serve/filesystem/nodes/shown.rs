//! What a machine knows of names, and nodes whose names it is to believe a little longer or to give up.

use std::ffi::{CStr, CString};

use virtiofsd::fuse::ROOT_ID;

use super::{FileIdentity, Node, NodeId, Nodes, Place};

/// Longest path below a tree, bytes (`PATH_MAX`, limits.h of Linux): nobody could use a longer one.
const MAXIMUM_PATH_BYTES: usize = 4096;

impl Nodes {
    /// Where a node is below its tree, without slashes at its ends; `None` when it has lost its name, or is too deep.
    pub(in crate::serve) fn path(&self, mut id: NodeId) -> Option<Vec<u8>> {
        let mut names: Vec<&[u8]> = Vec::new();
        let mut length = 0;
        while id != ROOT_ID {
            let (parent, name) = self.nodes.get(&id)?.place.as_ref()?;
            length += name.as_bytes().len() + 1;
            if length > MAXIMUM_PATH_BYTES {
                return None;
            }
            names.push(name.as_bytes());
            id = *parent;
        }
        names.reverse();
        Some(names.join(&b'/'))
    }

    /// The directories on the way to a node, itself included: each with its place.
    pub(in crate::serve) fn way_to(&self, mut id: NodeId) -> Vec<(Place, NodeId)> {
        let mut way = Vec::new();
        // No path has more names.
        while way.len() < MAXIMUM_PATH_BYTES
            && let Some(place) = self.nodes.get(&id).and_then(|node| node.place.clone())
        {
            let parent = place.0;
            way.push((place, id));
            id = parent;
        }
        way
    }

    /// Which node a name is, and what file.
    pub(in crate::serve) fn at(&self, parent: NodeId, name: &CStr) -> Option<(NodeId, FileIdentity)> {
        let id = *self.by_place.get(&(parent, name.to_owned()))?;
        Some((id, self.nodes.get(&id)?.file))
    }

    /// Whether it is a directory.
    pub(in crate::serve) fn is_directory(&self, id: NodeId) -> bool {
        self.file(id).is_some_and(|(_, kind)| kind == libc::S_IFDIR)
    }

    /// By which a node is known again.
    pub(in crate::serve) fn file(&self, id: NodeId) -> Option<FileIdentity> {
        self.nodes.get(&id).map(|node| node.file)
    }

    /// The machine was given a node once more, without a look at the host.
    pub(in crate::serve) fn given_again(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.lookups += 1;
        }
    }

    /// A node of the type (`S_IF*`) for what is gone already: it can be given and forgotten, and nothing else.
    pub(in crate::serve) fn stand_in(&mut self, kind: u32) -> NodeId {
        let id = self.next;
        self.next += 1;
        let node = Node {
            lookups: 0,
            held: None,
            place: None,
            file: (0, kind),
            opens: 0,
        };
        self.nodes.insert(id, node);
        id
    }

    /// A node has lost a name, unless another one has it by now.
    pub(in crate::serve) fn lost(&mut self, id: NodeId, parent: NodeId, name: &CStr) {
        if self.at(parent, name).is_some_and(|(other, _)| other == id) {
            self.unnamed(parent, name);
        }
    }

    /// A node has got another name for one that it had.
    pub(in crate::serve) fn moved(&mut self, id: NodeId, from: (NodeId, CString), to: (NodeId, CString)) {
        self.lost(id, from.0, &from.1);
        self.place(id, to);
    }
}
