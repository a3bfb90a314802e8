//! `network create`.

use std::collections::BTreeMap;

use container_model::NetworkName;
use container_network::NetworkRequest;
use ipnet::{Ipv4Net, Ipv6Net};

use crate::{ConfiguredEngine, EngineError, NetworkError, NetworkView};

/// A network to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateNetworkRequest {
    /// Its name.
    pub name: NetworkName,
    /// IPv4 addresses, without regard to bits of a host; `None` has them chosen.
    pub ipv4_subnet: Option<Ipv4Net>,
    /// IPv6 addresses, likewise.
    pub ipv6_subnet: Option<Ipv6Net>,
    /// Whether it has no way out.
    pub internal: bool,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Options: `mtu`, `host-access`; others are kept without meaning.
    pub options: BTreeMap<String, String>,
}

impl ConfiguredEngine {
    /// Makes a network.
    ///
    /// # Errors
    /// [`NetworkError::Exists`], [`NetworkError::Subnet`], [`NetworkError::Option`].
    pub fn create_network(&self, request: CreateNetworkRequest) -> Result<NetworkView, EngineError> {
        if request.name.is_default() {
            self.default_network()?;
        }
        let CreateNetworkRequest {
            name,
            ipv4_subnet,
            ipv6_subnet,
            internal,
            labels,
            options,
        } = request;
        let request = NetworkRequest {
            name,
            ipv4_subnet,
            ipv6_subnet,
            internal,
            labels,
            options,
        };
        let made = self.networks.create(&request);
        let config = made.map_err(|error| NetworkError::creating(request.name, error))?;
        self.tell_of_network("create", &config.name);
        Ok(NetworkView {
            config,
            members: Vec::new(),
        })
    }
}
