//! A network as front ends see it.

use std::net::{Ipv4Addr, Ipv6Addr};

use container_model::{ContainerId, NetworkConfig, NetworkStatus};
use container_network::addresses;

use crate::ContainerView;

/// What a network was asked to be, and the containers that refer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkView {
    /// What it was asked to be.
    pub config: NetworkConfig,
    /// Its containers, those that do not run included.
    pub members: Vec<NetworkMember>,
}

/// A container of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkMember {
    /// The container.
    pub id: ContainerId,
    /// Its addresses, while it runs.
    pub status: Option<NetworkStatus>,
}

impl NetworkView {
    /// Where IPv4 packets leave it.
    #[must_use]
    pub fn ipv4_gateway(&self) -> Ipv4Addr {
        addresses::gateway_v4(self.config.ipv4_subnet)
    }

    /// Where IPv6 packets leave it.
    #[must_use]
    pub fn ipv6_gateway(&self) -> Ipv6Addr {
        addresses::gateway_v6(self.config.ipv6_subnet)
    }

    pub(crate) fn new(config: NetworkConfig, containers: &[ContainerView]) -> Self {
        let name = &config.name;
        let refers = |view: &&ContainerView| {
            view.config
                .networks
                .iter()
                .any(|attachment| attachment.network == *name)
        };
        let members = containers.iter().filter(refers).map(|view| NetworkMember {
            id: view.id().clone(),
            status: view
                .state
                .networks
                .iter()
                .find(|status| status.network == *name)
                .cloned(),
        });
        Self {
            members: members.collect(),
            config,
        }
    }
}
