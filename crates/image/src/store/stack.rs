//! The disks of layers that are no image yet.

use std::sync::Arc;

use container_oci::{Descriptor, Digest};

use super::{ImageStore, Lease, layers};
use crate::content::{OpenGate, Session};
use crate::disk::{DiskError, LayerDisk, arrange};

/// Layers that are ready to be stacked.
#[derive(Debug, Clone)]
pub struct LayerStack {
    /// Their disks, the lowest first.
    pub disks: Vec<LayerDisk>,
    /// Keeps the disks until the caller has written a container's record that names them.
    pub lease: Lease,
}

impl ImageStore {
    /// The disks of these layers, the lowest first, each with the digest of its tar: as for an image with these layers, `max_disks` at most. Those that are
    /// missing are made of the layers' blobs, which the caller keeps from being collected until this returns.
    ///
    /// # Errors
    /// [`DiskError`].
    pub async fn stack(&self, layers: &[(Descriptor, Digest)], max_disks: usize) -> Result<LayerStack, DiskError> {
        let session = Arc::new(Session::start(&self.paths)?);
        {
            // What is there already is not collected from here on.
            let gate = OpenGate::hold(&self.paths)?;
            let diff_ids: Vec<Digest> = layers.iter().map(|(_, diff_id)| *diff_id).collect();
            let mut ids = Vec::new();
            arrange(&self.paths, &diff_ids, max_disks, &mut ids)?;
            session.pin_found(&gate, layers.iter().map(|(blob, _)| blob.digest).chain(ids))?;
        }
        let disks = layers::unpack_stack(&self.paths, &session, layers, max_disks, &crate::NoProgress).await?;
        Ok(LayerStack {
            disks,
            lease: Lease::new(session),
        })
    }
}
