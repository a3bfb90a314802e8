//! Very large layers go one after the other.
//!
//! Memory grows with a layer's entries, and layers are unpacked several at once. A layer with more than half a million entries, which is
//! rare, therefore waits for others of its kind.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Entries from which on a layer counts as very large: about 14 MB of memory.
const LARGE_ENTRIES: u64 = 1 << 19;

/// Held by the very large layer whose turn it is. Its holder waits for nothing but its own bytes.
static LARGE: Mutex<()> = Mutex::new(());

/// A disk's turn, from when it needs one until it is finished.
#[derive(Default)]
pub(super) struct Turn {
    entries: u64,
    held: Option<MutexGuard<'static, ()>>,
}

impl Turn {
    /// Counts an entry, and waits when it makes the disk very large.
    pub(super) fn count(&mut self) {
        self.entries += 1;
        if self.entries > LARGE_ENTRIES && self.held.is_none() {
            self.held = Some(LARGE.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}
