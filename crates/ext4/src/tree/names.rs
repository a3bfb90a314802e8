//! Finds entries by parent and name: a hash table of their numbers.
//!
//! The hash has a random key, so that no input can make it slow. It orders nothing: equal input still gives equal disks.

use std::hash::{BuildHasher as _, RandomState};

use super::Entry;

/// Slots of the first table.
const FIRST_SLOTS: usize = 1024;
/// No entry.
const FREE: u32 = u32::MAX;

/// Open addressing with linear probing, at most seven eighths full. Entries that lost their names stay until the table grows.
#[derive(Debug, Default)]
pub(super) struct Names {
    slots: Vec<u32>,
    used: usize,
    keys: RandomState,
}

/// A search under way.
pub(super) struct Probe {
    slot: usize,
}

impl Names {
    pub(super) fn hash(&self, parent: u32, name: &[u8]) -> u32 {
        (self.keys.hash_one((parent, name)) >> 32) as u32
    }

    pub(super) fn probe(&self, hash: u32) -> Probe {
        Probe { slot: self.home(hash) }
    }

    /// The next entry that may be the one; `None` at the end of the search.
    pub(super) fn next(&self, probe: &mut Probe) -> Option<u32> {
        let found = *self.slots.get(probe.slot)?;
        probe.slot = (probe.slot + 1) & (self.slots.len() - 1);
        (found != FREE).then_some(found)
    }

    /// Adds entry number `index`, which is in `entries` already.
    pub(super) fn insert(&mut self, hash: u32, index: u32, entries: &[Entry]) {
        if (self.used + 1) * 8 > self.slots.len() * 7 {
            self.grow(entries, index);
        }
        self.put(hash, index);
    }

    fn grow(&mut self, entries: &[Entry], except: u32) {
        let count = (self.slots.len() * 2).max(FIRST_SLOTS);
        self.slots = Vec::new();
        self.slots = vec![FREE; count];
        self.used = 0;
        for (index, entry) in (0..).zip(entries) {
            if entry.is_named() && index != except {
                self.put(entry.hash_or_inode, index);
            }
        }
    }

    fn put(&mut self, hash: u32, index: u32) {
        let mut slot = self.home(hash);
        while self.slots[slot] != FREE {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.slots[slot] = index;
        self.used += 1;
    }

    fn home(&self, hash: u32) -> usize {
        hash as usize & self.slots.len().saturating_sub(1)
    }
}
