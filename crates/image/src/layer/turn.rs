//! Very large layers go one after the other.
//!
//! Memory grows with a layer's entries, and with the window of its compression, and layers are unpacked several at once. A layer with more
//! than half a million entries or with a large window, which is rare, therefore waits for others of its kind.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Entries from which on a layer counts as very large: about 14 MB of memory.
const LARGE_ENTRIES: u64 = 1 << 19;

/// Whether a layer has the turn. There is one turn for both reasons, so a layer that waits for it holds nothing that another one waits for.
static IS_TAKEN: Mutex<bool> = Mutex::new(false);
static CHANGED: Condvar = Condvar::new();

/// A layer's turn, from the time that one of its threads needs it until the last of them ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticket(Arc<Held>);

/// Whether the layer has its turn. The lock is held while it waits for one.
#[derive(Debug, Default)]
struct Held(Mutex<bool>);

impl Ticket {
    /// Waits for the layer's turn, unless it has it. The layer that has it waits only for its own bytes.
    pub(super) fn take(&self) {
        let mut is_held = lock(&self.0.0);
        if *is_held {
            return;
        }
        let mut is_taken = lock(&IS_TAKEN);
        while *is_taken {
            is_taken = CHANGED.wait(is_taken).unwrap_or_else(PoisonError::into_inner);
        }
        *is_taken = true;
        *is_held = true;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if *lock(&self.0) {
            *lock(&IS_TAKEN) = false;
            CHANGED.notify_one();
        }
    }
}

/// Neither of the two states can be broken by a panic.
fn lock(mutex: &Mutex<bool>) -> MutexGuard<'_, bool> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts the entries of a disk.
#[derive(Default)]
pub(super) struct Turn {
    entries: u64,
    ticket: Ticket,
}

impl Turn {
    /// Counts an entry, and waits when it makes the disk very large.
    pub(super) fn count(&mut self) {
        self.entries += 1;
        if self.entries > LARGE_ENTRIES {
            self.ticket.take();
        }
    }

    /// The ticket of the layer, for its other threads.
    pub(super) fn ticket(&self) -> Ticket {
        self.ticket.clone()
    }
}
