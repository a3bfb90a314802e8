//! `network inspect`.

use container_model::NetworkName;

use crate::{ConfiguredEngine, EngineError, NetworkError, NetworkView};

impl ConfiguredEngine {
    /// The network of this name; the default one is made when it is not there.
    ///
    /// # Errors
    /// [`NetworkError::NotFound`].
    pub fn network(&self, name: &NetworkName) -> Result<NetworkView, EngineError> {
        let config = match name.is_default() {
            true => self.default_network()?,
            false => self.networks.load(name).map_err(NetworkError::from)?,
        };
        Ok(NetworkView::new(config, &self.list()?))
    }
}
