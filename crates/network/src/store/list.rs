//! All networks at a glance.

use std::io;

use container_model::{NetworkConfig, NetworkName};

use super::{ListNetworksError, LoadNetworkError, NetworkStore};

/// All networks.
#[derive(Debug, Default)]
pub struct NetworkListing {
    /// Those that can be read, by name, the default one first.
    pub networks: Vec<NetworkConfig>,
    /// Those that cannot.
    pub damaged: Vec<DamagedNetwork>,
}

/// A network whose record cannot be read. It can still be deleted.
#[derive(Debug)]
pub struct DamagedNetwork {
    /// Its name.
    pub name: NetworkName,
    /// What is wrong with it.
    pub error: LoadNetworkError,
}

impl NetworkStore {
    /// Reads all networks.
    ///
    /// # Errors
    /// [`ListNetworksError`] when the directory cannot be read. One network's damage is an entry of [`NetworkListing::damaged`].
    pub fn list(&self) -> Result<NetworkListing, ListNetworksError> {
        let mut listing = NetworkListing::default();
        for name in self.names()? {
            match self.load(&name) {
                Ok(network) => listing.networks.push(network),
                // Deleted between the two looks.
                Err(LoadNetworkError::NotFound { .. }) => {}
                Err(error) => listing.damaged.push(DamagedNetwork { name, error }),
            }
        }
        listing
            .networks
            .sort_by(|a, b| (!a.name.is_default(), &a.name).cmp(&(!b.name.is_default(), &b.name)));
        Ok(listing)
    }

    /// The names in the directory, sorted, without looking at any network.
    pub(super) fn names(&self) -> Result<Vec<NetworkName>, ListNetworksError> {
        let failed = |source| ListNetworksError {
            path: self.directory.clone(),
            source,
        };
        let entries = match std::fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(source)),
        };
        let mut names = Vec::new();
        for entry in entries {
            // Names that begin with a point are no networks'.
            if let Some(name) = entry
                .map_err(failed)?
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}
