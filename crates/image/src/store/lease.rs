//! Keeping what was found from being collected.

use std::sync::Arc;

use crate::content::Session;

/// Keeps the content and the disks that an operation has found in the store, and the image's name from being pruned.
///
/// Lasts until the last clone is dropped or the process ends. Whoever goes on relying on an image has to have written down
/// so (as a container's record does) before giving up the lease.
#[derive(Debug, Clone)]
pub struct Lease {
    _session: Arc<Session>,
}

impl Lease {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self { _session: session }
    }
}
