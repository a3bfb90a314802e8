//! Who in the machine has locked bytes of which file.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use super::holdings::Holdings;
use super::host;
use super::request::{LockKind, Span};
use crate::serve::names::error;

/// Most locks of a machine: the host's kernel keeps each of them, and goes through all of a file's for every request.
const MAXIMUM_HOLDINGS: usize = 16 << 10;

/// Whose: the node and the owner.
pub(super) type Key = (u64, u64);

/// All owners of locks of bytes.
pub(super) struct Table {
    owners: HashMap<Key, Owner>,
    holdings: usize,
    /// Most owners: each has a descriptor.
    limit: usize,
}

/// One that has something.
struct Owner {
    /// Its own open file on the host, which is what the host's locks belong to.
    file: Arc<File>,
    /// The machine's open file that it used last.
    handle: u64,
    holdings: Holdings,
}

/// What is to be locked or unlocked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) span: Span,
    pub(super) kind: Option<LockKind>,
    pub(super) handle: u64,
    pub(super) process: u32,
}

impl Table {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            owners: HashMap::new(),
            holdings: 0,
            limit,
        }
    }

    /// The open file of an owner that has something.
    pub(super) fn file(&self, key: Key) -> Option<&Arc<File>> {
        self.owners.get(&key).map(|owner| &owner.file)
    }

    /// Whether there may be another owner.
    pub(super) fn has_room(&self) -> bool {
        self.owners.len() < self.limit
    }

    /// Locks or unlocks bytes for an owner, whose open file is `file` if it has nothing yet.
    ///
    /// # Errors
    /// The host's, `EAGAIN` when somebody else's lock is in the way; `ENOLCK` when there would be too many.
    pub(super) fn set(&mut self, key: Key, step: Step, file: &Arc<File>) -> io::Result<()> {
        let has_room = self.has_room();
        let known = self.owners.get(&key);
        let none = Holdings::default();
        let (file, before) = known
            .as_ref()
            .map_or((file, &none), |owner| (&owner.file, &owner.holdings));
        let change = before.change(step.span, step.kind, step.process);
        let length = before.len_after(&change);
        let holdings = self.holdings - before.len() + length;
        let is_new = known.is_none() && length > 0;
        if holdings > MAXIMUM_HOLDINGS.max(self.holdings) || is_new && !has_room {
            return Err(error(libc::ENOLCK));
        }
        host::set_bytes(file, step.span, step.kind)?;
        self.holdings = holdings;
        if length == 0 {
            self.owners.remove(&key);
            return Ok(());
        }
        let file = Arc::clone(file);
        let owner = self.owners.entry(key).or_insert_with(|| Owner {
            file,
            handle: step.handle,
            holdings: none,
        });
        owner.handle = step.handle;
        owner.holdings.apply(change);
        Ok(())
    }

    /// The machine's process that has such a lock of one of these bytes, for another owner; 0 when it is nobody here.
    pub(super) fn process(&self, key: Key, span: Span, kind: LockKind) -> u32 {
        let others = self
            .owners
            .iter()
            .filter(|(other, _)| other.0 == key.0 && other.1 != key.1);
        let mut found = others.filter_map(|(_, owner)| owner.holdings.process(span, kind));
        found.next().unwrap_or(0)
    }

    /// An owner has closed the file: it has nothing any more.
    pub(super) fn closed(&mut self, key: Key) {
        if let Some(owner) = self.owners.remove(&key) {
            self.holdings -= owner.holdings.len();
        }
    }

    /// An open file of the machine is gone. What belongs to that file itself is not told otherwise.
    pub(super) fn released(&mut self, node: u64, handle: u64) {
        self.owners.retain(|key, owner| {
            let stays = key.0 != node || owner.handle != handle;
            if !stays {
                self.holdings -= owner.holdings.len();
            }
            stays
        });
    }

    /// Nobody has anything.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.limit);
    }

    /// How many owners there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.owners.len()
    }
}
