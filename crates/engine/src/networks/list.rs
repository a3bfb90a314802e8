//! `network list`.

use crate::{ConfiguredEngine, EngineError, NetworkError, NetworkView};

impl ConfiguredEngine {
    /// All networks, the default one first, which is made when it is not there.
    ///
    /// # Errors
    /// [`EngineError::Network`] when the records cannot be read at all; a single bad record is left out and logged.
    pub fn networks(&self) -> Result<Vec<NetworkView>, EngineError> {
        self.default_network()?;
        let listing = self.networks.list().map_err(NetworkError::from)?;
        for damaged in &listing.damaged {
            tracing::warn!(name = %damaged.name, error = %damaged.error, "the record of a network cannot be read");
        }
        let containers = self.list()?;
        let networks = listing.networks.into_iter();
        Ok(networks.map(|config| NetworkView::new(config, &containers)).collect())
    }
}
