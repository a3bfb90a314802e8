//! Several layers on one disk: what a layer hides is removed.
//!
//! A whiteout hides what *earlier* layers put somewhere, wherever in its own layer it stands. So whiteouts are gathered and take effect when their layer ends,
//! all of a layer at once: two passes over the entries, however many whiteouts there are.

use std::io::{Seek, Write};

use super::Writer;
use super::resolve::Place;
use crate::error::WriteError;
use crate::tree::{Kind, NodeId};

/// An entry that a whiteout names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hidden {
    entry: NodeId,
    /// Whether the entry goes as well as what is in it.
    itself: bool,
}

impl<W: Write + Seek> Writer<W> {
    /// Starts the next layer: entries from here on count as newer than all before.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn begin_layer(&mut self) -> Result<(), WriteError> {
        self.end_layer()?;
        self.layer = self.layer.saturating_add(1);
        Ok(())
    }

    /// Removes, when the layer ends, what earlier layers left at `path`; what the current layer put there or below stays.
    ///
    /// # Errors
    /// [`WriteError::InvalidPath`], [`WriteError::SymlinkLoop`], [`WriteError::Io`].
    pub fn remove_earlier(&mut self, path: &[u8]) -> Result<(), WriteError> {
        let place = match self.find_place(path) {
            Err(WriteError::NotADirectory { .. }) => None,
            found => found?,
        };
        let Some(Place::In { parent, name }) = place else {
            return Ok(());
        };
        if let Some(child) = self.tree.child(parent, name)? {
            self.hidden.push(Hidden {
                entry: child.entry,
                itself: true,
            });
        }
        Ok(())
    }

    /// Removes, when the layer ends, what earlier layers left in the directory `path`; the directory stays.
    ///
    /// # Errors
    /// [`WriteError::InvalidPath`], [`WriteError::SymlinkLoop`], [`WriteError::Io`].
    pub fn remove_earlier_children(&mut self, path: &[u8]) -> Result<(), WriteError> {
        let found = match self.find(path) {
            Err(WriteError::NotADirectory { .. }) => None,
            found => found?,
        };
        if let Some(entry) = found {
            self.hidden.push(Hidden { entry, itself: false });
        }
        Ok(())
    }

    /// Lets the layer's whiteouts take effect.
    pub(super) fn end_layer(&mut self) -> Result<(), WriteError> {
        let hidden = std::mem::take(&mut self.hidden);
        if hidden.is_empty() {
            return Ok(());
        }
        self.last_parent = None;
        let made = self.tree.made();
        let (mut goes, mut contents_go) = (vec![false; made], vec![false; made]);
        for Hidden { entry, itself } in hidden {
            goes[entry.index()] |= itself;
            contents_go[entry.index()] = true;
        }
        // From the top down, because directories come before what is in them.
        for index in 1..made {
            let entry = self.tree.entry(NodeId::from_index(index));
            if entry.is_named() && contents_go[entry.parent.index()] {
                goes[index] = true;
                contents_go[index] = true;
            }
        }
        // From the bottom up: a directory stays while something newer is in it.
        let mut holds_newer = contents_go;
        holds_newer.fill(false);
        for index in (1..made).rev() {
            let id = NodeId::from_index(index);
            let entry = self.tree.entry(id);
            if !entry.is_named() {
                continue;
            }
            let needed = entry.kind == Kind::Directory && holds_newer[index];
            if goes[index] && entry.layer < self.layer && !needed {
                self.tree.unlink(id)?;
            } else {
                holds_newer[entry.parent.index()] = true;
            }
        }
        Ok(())
    }
}
