//! The objects and heap blocks that have not ended, for finding leaks.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

static LIVE: Mutex<BTreeMap<usize, String>> = Mutex::new(BTreeMap::new());

/// Notes the beginning of what is at `address`.
pub(super) fn begin(address: usize, class: &str) {
    let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    live.insert(address, class.to_owned());
}

/// Notes its end, or that it is never to end.
pub(crate) fn end(address: usize) {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner).remove(&address);
}

/// The class of each, sorted.
pub(crate) fn names() -> Vec<String> {
    let live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut names: Vec<String> = live.values().cloned().collect();
    names.sort();
    names
}
