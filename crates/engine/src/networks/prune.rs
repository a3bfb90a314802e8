//! `network prune`.

use container_model::NetworkName;

use crate::{ConfiguredEngine, EngineError, NetworkError};

/// What pruning networks has done.
#[derive(Debug, Default)]
pub struct PrunedNetworks {
    /// Networks that are gone.
    pub deleted: Vec<NetworkName>,
    /// Networks that no container uses and that could not be deleted, and why.
    pub failed: Vec<(NetworkName, EngineError)>,
}

impl ConfiguredEngine {
    /// Deletes the networks that no container refers to. The default one stays.
    ///
    /// # Errors
    /// [`EngineError::Network`] when the networks cannot be listed.
    pub fn prune_networks(&self) -> Result<PrunedNetworks, EngineError> {
        let mut pruned = PrunedNetworks::default();
        let listing = self.networks.list().map_err(NetworkError::from)?;
        for network in listing.networks {
            if network.name.is_default() {
                continue;
            }
            match self.delete_network(&network.name) {
                Ok(()) => pruned.deleted.push(network.name),
                // Another command may have been faster.
                Err(EngineError::Network(NetworkError::InUse { .. } | NetworkError::NotFound { .. })) => {}
                Err(error) => pruned.failed.push((network.name, error)),
            }
        }
        Ok(pruned)
    }
}
