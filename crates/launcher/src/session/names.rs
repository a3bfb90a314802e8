//! Ids of the processes that clients run.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The ids in use.
#[derive(Clone, Default)]
pub(crate) struct ProcessNames(Arc<Mutex<HashSet<String>>>);

/// An id in use; free again when dropped.
pub(crate) struct ProcessName {
    names: ProcessNames,
    process_id: String,
}

impl ProcessNames {
    /// Takes an id, unless it is in use.
    pub(crate) fn take(&self, process_id: &str) -> Option<ProcessName> {
        let process_id = process_id.to_owned();
        self.lock().insert(process_id.clone()).then(|| ProcessName {
            names: self.clone(),
            process_id,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ProcessName {
    fn drop(&mut self) {
        self.names.lock().remove(&self.process_id);
    }
}
