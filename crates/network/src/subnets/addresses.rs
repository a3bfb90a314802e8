//! The addresses of a network that are not containers'.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// The last bytes of the IPv6 host-access address.
const HOST_ACCESS_V6: u128 = 0xfe;

/// Where IPv4 packets leave the network, and where its names are known: the first host's address.
#[must_use]
pub fn gateway_v4(subnet: Ipv4Net) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(subnet.network()).saturating_add(1))
}

/// The IPv4 address that leads to the host's loopback: the last host's address.
#[must_use]
pub fn host_access_v4(subnet: Ipv4Net) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(subnet.broadcast()).saturating_sub(1))
}

/// Where IPv6 packets leave the network: `…::1`.
#[must_use]
pub fn gateway_v6(subnet: Ipv6Net) -> Ipv6Addr {
    Ipv6Addr::from(u128::from(subnet.network()) | 1)
}

/// The IPv6 address that leads to the host's loopback: `…::fe`.
#[must_use]
pub fn host_access_v6(subnet: Ipv6Net) -> Ipv6Addr {
    Ipv6Addr::from(u128::from(subnet.network()) | HOST_ACCESS_V6)
}

/// Why a container cannot have this IPv4 address; `None` when it can.
#[must_use]
pub fn refusal_v4(subnet: Ipv4Net, address: Ipv4Addr) -> Option<&'static str> {
    match address {
        _ if !subnet.contains(&address) => Some("it is not in the network's subnet"),
        _ if address == subnet.network() => Some("it stands for the network itself"),
        _ if address == subnet.broadcast() => Some("it is the network's broadcast address"),
        _ if address == gateway_v4(subnet) => Some("it is the network's gateway"),
        _ if address == host_access_v4(subnet) => Some("it leads to the host"),
        _ => None,
    }
}

/// Why a container cannot have this IPv6 address; `None` when it can.
#[must_use]
pub fn refusal_v6(subnet: Ipv6Net, address: Ipv6Addr) -> Option<&'static str> {
    match address {
        _ if !subnet.contains(&address) => Some("it is not in the network's subnet"),
        // The subnet-router anycast address, RFC 4291, 2.6.1.
        _ if address == subnet.network() => Some("it stands for the network's routers"),
        _ if address == gateway_v6(subnet) => Some("it is the network's gateway"),
        _ if address == host_access_v6(subnet) => Some("it leads to the host"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_hosts_are_the_network_s_own() {
        let subnet: Ipv4Net = "10.1.2.0/29".parse().unwrap();
        let refused = |last: u8| refusal_v4(subnet, Ipv4Addr::new(10, 1, 2, last)).is_some();
        assert_eq!(
            [0, 1, 2, 5, 6, 7, 8].map(refused),
            [true, true, false, false, true, true, true]
        );
        assert_eq!(
            host_access_v4("10.1.2.0/24".parse().unwrap()),
            Ipv4Addr::new(10, 1, 2, 254)
        );
    }

    #[test]
    fn ipv6_networks_keep_the_same_two() {
        let subnet: Ipv6Net = "fd00:1::/112".parse().unwrap();
        let refused = |address: &str| refusal_v6(subnet, address.parse().unwrap()).is_some();
        let addresses = [
            "fd00:1::",
            "fd00:1::1",
            "fd00:1::2",
            "fd00:1::fe",
            "fd00:1::ffff",
            "fd00:2::2",
        ];
        assert_eq!(addresses.map(refused), [true, true, false, true, false, true]);
    }
}
