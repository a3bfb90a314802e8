//! The network of containers that ask for none in particular, and the networks of a new container.

use container_model::{NetworkAttachment, NetworkConfig, NetworkName};
use container_network::NetworkRequest;

use crate::configure::networks::check_addresses;
use crate::{ConfiguredEngine, EngineError, NetworkError};

impl ConfiguredEngine {
    /// The network `default`, made when it is not there, with the addresses that the settings say.
    pub(crate) fn default_network(&self) -> Result<NetworkConfig, NetworkError> {
        let settings = &self.settings.network;
        let request = NetworkRequest {
            ipv4_subnet: settings.subnet,
            ipv6_subnet: settings.subnetv6,
            ..NetworkRequest::new(NetworkName::default_network())
        };
        Ok(self.networks.ensure_default(&request)?)
    }

    /// Makes sure that a container can be on its networks, with the addresses that it asks for.
    pub(crate) fn check_networks(&self, attachments: &[NetworkAttachment]) -> Result<(), EngineError> {
        for attachment in attachments {
            let network = match attachment.network.is_default() {
                true => self.default_network()?,
                false => self.networks.load(&attachment.network).map_err(NetworkError::from)?,
            };
            check_addresses(attachment, &network)?;
        }
        Ok(())
    }
}
