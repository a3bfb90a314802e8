//! Removes what the whiteouts and opaque directories of a layer hide, in one pass over all entries.

use std::io::{Seek, Write};

use super::Writer;
use crate::error::WriteError;
use crate::tree::NodeId;

/// An entry that a layer hides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hidden {
    pub(super) entry: NodeId,
    /// Whether the entry itself is hidden, not only what is in it.
    pub(super) itself: bool,
}

impl<W: Write + Seek> Writer<W> {
    /// Removes what is hidden, with everything below it.
    pub(super) fn hide(&mut self, hidden: &[Hidden]) -> Result<(), WriteError> {
        if hidden.is_empty() {
            return Ok(());
        }
        self.last_parent = None;
        let made = self.tree.made();
        let (mut goes, mut contents_go) = (vec![false; made], vec![false; made]);
        for Hidden { entry, itself } in hidden {
            goes[entry.index()] |= *itself;
            contents_go[entry.index()] = true;
        }
        // From the top down: a directory has a lower index than its entries.
        for index in 1..made {
            let id = NodeId::from_index(index);
            let entry = self.tree.entry(id);
            if !entry.is_named() {
                continue;
            }
            if goes[index] || contents_go[entry.parent.index()] {
                contents_go[index] = true;
                self.tree.unlink(id)?;
            }
        }
        Ok(())
    }
}
