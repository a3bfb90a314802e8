//! Several layers on one disk: what a layer hides is removed.
//!
//! A whiteout hides what *earlier* layers put somewhere, wherever in its own layer it stands; so whiteouts are applied after their layer, to names that
//! the layer itself did not put there.

use std::io::{Seek, Write};

use super::Writer;
use super::resolve::Place;
use crate::error::WriteError;
use crate::tree::NodeId;

impl<W: Write + Seek> Writer<W> {
    /// Starts the next layer: entries from here on count as newer than all before.
    pub fn begin_layer(&mut self) {
        self.layer += 1;
    }

    /// Removes what earlier layers left at `path`; what the current layer put there or below stays.
    ///
    /// # Errors
    /// [`WriteError::InvalidPath`], [`WriteError::SymlinkLoop`].
    pub fn remove_earlier(&mut self, path: &[u8]) -> Result<(), WriteError> {
        let Some((parent, name)) = self.find_existing(path)? else {
            return Ok(());
        };
        let Some(child) = self.tree.child(parent, name) else {
            return Ok(());
        };
        self.last_parent = None;
        if self.tree.directory(child.node).is_some() {
            self.clear_earlier(child.node);
        }
        let emptied = self
            .tree
            .directory(child.node)
            .is_none_or(|directory| directory.children.is_empty());
        if child.layer < self.layer && emptied {
            self.tree.unlink(parent, name);
        }
        Ok(())
    }

    /// Removes what earlier layers left in the directory `path`; the directory stays.
    ///
    /// # Errors
    /// [`WriteError::InvalidPath`], [`WriteError::SymlinkLoop`].
    pub fn remove_earlier_children(&mut self, path: &[u8]) -> Result<(), WriteError> {
        let found = match self.find(path) {
            Err(WriteError::NotADirectory { .. }) => None,
            found => found?,
        };
        if let Some(directory) = found {
            self.last_parent = None;
            self.clear_earlier(directory);
        }
        Ok(())
    }

    fn find_existing<'a>(&mut self, path: &'a [u8]) -> Result<Option<(NodeId, &'a [u8])>, WriteError> {
        match self.find_place(path) {
            Ok(Some(Place::In { parent, name })) => Ok(Some((parent, name))),
            Ok(Some(Place::Root) | None) | Err(WriteError::NotADirectory { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes every name below `directory` that is older than the current layer, except directories that still hold something newer.
    fn clear_earlier(&mut self, directory: NodeId) {
        // Directories from the top down; emptied ones are then removed from the bottom up.
        let mut found = vec![directory];
        let mut next = 0;
        let mut names: Vec<(NodeId, Box<[u8]>, NodeId)> = Vec::new();
        while let Some(parent) = found.get(next).copied() {
            next += 1;
            let Some(directory) = self.tree.directory(parent) else {
                continue;
            };
            for (name, child) in &directory.children {
                if self.tree.directory(child.node).is_some() {
                    found.push(child.node);
                }
                if child.layer < self.layer {
                    names.push((parent, name.clone(), child.node));
                }
            }
        }
        for (parent, name, node) in names.into_iter().rev() {
            if self
                .tree
                .directory(node)
                .is_none_or(|directory| directory.children.is_empty())
            {
                self.tree.unlink(parent, &name);
            }
        }
    }
}
