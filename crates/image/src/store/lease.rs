//! Keeping what was found from being collected.

use std::sync::Arc;

use container_oci::Reference;

use super::{CatalogError, ImageStore, catalog};
use crate::content::{OpenGate, Session};

/// Keeps the content and the disks that an operation has found in the store, and the image's name from being pruned.
///
/// Lasts until the last clone is dropped or the process ends. A caller that goes on relying on an image has to write
/// that down (in a container's record) before it drops the lease.
#[derive(Debug, Clone)]
pub struct Lease {
    _session: Arc<Session>,
}

impl Lease {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self { _session: session }
    }
}

impl ImageStore {
    /// Keeps the name from being pruned, and what it points at; the layers are kept by resolving it.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] when there is no such name.
    pub fn lease(&self, reference: &Reference) -> Result<Lease, CatalogError> {
        let session = Session::start(&self.paths)?;
        let gate = OpenGate::hold(&self.paths)?;
        let digest = catalog::lookup(&self.paths, reference)?.descriptor.digest;
        session.pin_found(&gate, [digest])?;
        Ok(Lease::new(Arc::new(session)))
    }
}
