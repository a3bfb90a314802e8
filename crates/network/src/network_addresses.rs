//! Which address of a network is whose.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use container_model::NetworkConfig;

use crate::subnets::addresses::{gateway_v4, gateway_v6, host_access_v4, host_access_v6, refusal_v4, refusal_v6};

/// The names of the host-access address: ours, Docker's and podman's.
pub const HOST_ACCESS_NAMES: [&str; 3] = [
    "host.container.internal",
    "host.docker.internal",
    "host.containers.internal",
];

/// The addresses of a network. Host number `n` is the n-th address of either subnet: a container has one number for both families, unless
/// its user chose another address.
#[derive(Debug, Clone, Copy)]
pub struct NetworkAddresses<'a> {
    config: &'a NetworkConfig,
}

impl<'a> NetworkAddresses<'a> {
    /// The addresses of this network.
    #[must_use]
    pub fn new(config: &'a NetworkConfig) -> Self {
        Self { config }
    }

    /// Where IPv4 packets leave the network: the first address.
    #[must_use]
    pub fn ipv4_gateway(self) -> Ipv4Addr {
        gateway_v4(self.config.ipv4_subnet)
    }

    /// Where IPv6 packets leave the network: `…::1`.
    #[must_use]
    pub fn ipv6_gateway(self) -> Ipv6Addr {
        gateway_v6(self.config.ipv6_subnet)
    }

    /// The IPv4 address that leads to the host's loopback: the last one.
    #[must_use]
    pub fn ipv4_host_access(self) -> Ipv4Addr {
        host_access_v4(self.config.ipv4_subnet)
    }

    /// The IPv6 address that leads to the host's loopback: `…::fe`.
    #[must_use]
    pub fn ipv6_host_access(self) -> Ipv6Addr {
        host_access_v6(self.config.ipv6_subnet)
    }

    /// Both addresses that lead to the host's loopback; none where the network has no such access.
    #[must_use]
    pub fn host_access(self) -> Vec<IpAddr> {
        if self.config.host_access && !self.config.internal {
            vec![self.ipv4_host_access().into(), self.ipv6_host_access().into()]
        } else {
            Vec::new()
        }
    }

    /// The IPv4 address of a host number.
    #[must_use]
    pub fn ipv4(self, number: u32) -> Ipv4Addr {
        let network = u32::from(self.config.ipv4_subnet.network());
        Ipv4Addr::from(network.wrapping_add(number))
    }

    /// The IPv6 address of a host number.
    #[must_use]
    pub fn ipv6(self, number: u32) -> Ipv6Addr {
        let network = u128::from(self.config.ipv6_subnet.network());
        Ipv6Addr::from(network.wrapping_add(number.into()))
    }

    /// The host numbers that containers may have in both families, in their order.
    pub fn numbers(self) -> impl Iterator<Item = u32> + use<'a> {
        let subnet = self.config.ipv4_subnet;
        let end = u32::from(subnet.broadcast()) - u32::from(subnet.network());
        (1..end).filter(move |&number| {
            self.is_for_containers_v4(self.ipv4(number)) && self.is_for_containers_v6(self.ipv6(number))
        })
    }

    /// Whether a container may have this address.
    #[must_use]
    pub fn is_for_containers_v4(self, address: Ipv4Addr) -> bool {
        refusal_v4(self.config.ipv4_subnet, address).is_none()
    }

    /// Whether a container may have this address.
    #[must_use]
    pub fn is_for_containers_v6(self, address: Ipv6Addr) -> bool {
        refusal_v6(self.config.ipv6_subnet, address).is_none()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use container_model::{NetworkName, UnknownFields};

    pub(crate) fn network(ipv4: &str) -> NetworkConfig {
        NetworkConfig {
            name: NetworkName::default_network(),
            created: time::OffsetDateTime::UNIX_EPOCH,
            ipv4_subnet: ipv4.parse().unwrap(),
            ipv6_subnet: "fd00:1::/64".parse().unwrap(),
            internal: false,
            host_access: true,
            labels: [].into(),
            options: [].into(),
            unknown: UnknownFields::new(),
        }
    }

    #[test]
    fn the_ends_of_a_subnet_are_the_gateway_and_the_host() {
        let config = network("192.168.64.0/24");
        let addresses = NetworkAddresses::new(&config);
        assert_eq!(addresses.ipv4_gateway().to_string(), "192.168.64.1");
        assert_eq!(addresses.ipv6_gateway().to_string(), "fd00:1::1");
        let host: Vec<String> = addresses.host_access().iter().map(ToString::to_string).collect();
        assert_eq!(host, ["192.168.64.254", "fd00:1::fe"]);
        assert_eq!(addresses.numbers().count(), 252);
        for (address, is_free) in [
            ("192.168.64.0", false),
            ("192.168.64.1", false),
            ("192.168.64.2", true),
            ("192.168.64.253", true),
            ("192.168.64.254", false),
            ("192.168.64.255", false),
            ("192.168.65.2", false),
        ] {
            assert_eq!(
                addresses.is_for_containers_v4(address.parse().unwrap()),
                is_free,
                "{address}"
            );
        }
    }

    #[test]
    fn no_container_has_the_number_of_the_host_in_a_large_subnet() {
        let config = network("10.0.0.0/16");
        let addresses = NetworkAddresses::new(&config);
        assert!(!addresses.numbers().any(|number| number == 0xfe));
        assert!(!addresses.is_for_containers_v6("fd00:1::fe".parse().unwrap()));
        assert_eq!(addresses.ipv4_host_access().to_string(), "10.0.255.254");
    }

    #[test]
    fn a_network_without_host_access_has_no_address_for_it() {
        let mut config = network("10.0.0.0/24");
        config.host_access = false;
        assert!(NetworkAddresses::new(&config).host_access().is_empty());
    }
}
