//! Which containers refer to a network.

use container_model::NetworkName;

use crate::{Cause, Engine, NetworkError};

impl Engine {
    /// Fails when a container refers to the network, or may do so.
    pub(crate) fn check_unused(&self, name: &NetworkName) -> Result<(), NetworkError> {
        let listing = self
            .containers
            .list()
            .map_err(|error| NetworkError::Records(Cause::new(error)))?;
        let users = listing.containers.into_iter().map(|container| container.config);
        let users = users.filter(|config| config.networks.iter().any(|attachment| attachment.network == *name));
        let containers: Vec<_> = users.map(|config| config.id).collect();
        if !containers.is_empty() {
            return Err(NetworkError::InUse {
                name: name.clone(),
                containers,
            });
        }
        match listing.damaged.into_iter().next() {
            Some(damaged) => Err(NetworkError::UnknownUsers {
                name: name.clone(),
                container: damaged.id,
            }),
            None => Ok(()),
        }
    }
}
