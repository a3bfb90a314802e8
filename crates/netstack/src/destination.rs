//! Where the packets of machines lead.
//!
//! A machine reaches the gateway's services, the host's loopback through the host-access address, and peers outside. It never reaches what
//! an address means to the host itself: its loopback, its links, its groups, and the services of a cloud that tell a host its secrets.
//! Addresses of IPv6 that stand for such an address of IPv4 lead there as little.
//!
//! Most clouds have those services on a link-local address. Those that do not are named here: 100.100.100.200 (Alibaba), 168.63.129.16
//! (Azure), 192.0.0.192 (Oracle), fd00:ec2::/32 (Amazon) and fd20:ce::254 (Google). The host's resolvers may be at such an address;
//! machines do not need it for that, because the gateway answers names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{ConnectFailure, Destination, NetworkParameters, Service};

/// Port of DNS (RFC 1035, section 4.2).
pub(crate) const DNS_PORT: u16 = 53;

/// Services of clouds for their hosts outside of link-local addresses.
const CLOUD_SERVICES_IPV4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// The same for IPv6.
const CLOUD_SERVICE_IPV6: Ipv6Addr = Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254);

/// What an address is to a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The gateway itself.
    Gateway,
    /// The address that stands for the host's loopback.
    HostAccess,
    /// Of the network's subnets, and neither of the two. There may be a machine.
    Subnet,
    /// Outside.
    Outside,
    /// Nothing that a machine may reach.
    Forbidden,
}

/// What `address` is to the network.
pub(crate) fn place(network: &NetworkParameters, address: IpAddr) -> Place {
    let (gateway, host_access, is_of_subnet, is_forbidden) = match address {
        IpAddr::V4(v4) => (
            IpAddr::from(network.ipv4.gateway),
            network.ipv4.host_access.map(IpAddr::from),
            network.ipv4.contains(v4),
            is_forbidden_ipv4(v4) || v4 == network.ipv4.broadcast() || v4 == network.ipv4.network(),
        ),
        IpAddr::V6(v6) => (
            IpAddr::from(network.ipv6.gateway),
            network.ipv6.host_access.map(IpAddr::from),
            network.ipv6.contains(v6),
            is_forbidden_ipv6(v6),
        ),
    };
    if is_forbidden {
        Place::Forbidden
    } else if address == gateway {
        Place::Gateway
    } else if Some(address) == host_access {
        Place::HostAccess
    } else if is_of_subnet {
        Place::Subnet
    } else {
        Place::Outside
    }
}

/// Where a connection or a datagram to `to` leads.
pub(crate) fn destination(network: &NetworkParameters, to: SocketAddr) -> Result<Destination, ConnectFailure> {
    match place(network, to.ip()) {
        Place::Gateway if to.port() == DNS_PORT => Ok(Destination::Service(Service::Dns)),
        Place::Gateway => Err(ConnectFailure::Refused),
        Place::Forbidden => Err(ConnectFailure::Prohibited),
        Place::Subnet => Err(ConnectFailure::Unreachable),
        Place::HostAccess | Place::Outside if network.is_internal => Err(ConnectFailure::Prohibited),
        Place::HostAccess => Ok(Destination::HostLoopback {
            port: to.port(),
            is_ipv6: to.is_ipv6(),
        }),
        Place::Outside => Ok(Destination::Remote(to)),
    }
}

/// The peer that a machine sees instead of a client of a published port: the client if its packets could come from outside, and the
/// machine's answers would lead there; else `None`.
pub(crate) fn visible_client(network: &NetworkParameters, client: SocketAddr, is_ipv6: bool) -> Option<SocketAddr> {
    let is_visible =
        client.is_ipv6() == is_ipv6 && client.port() != 0 && matches!(place(network, client.ip()), Place::Outside);
    is_visible.then_some(client)
}

fn is_forbidden_ipv4(address: Ipv4Addr) -> bool {
    let first = address.octets()[0];
    // 0/8 is "this network" (RFC 791), 240/4 is reserved (RFC 1112) and has the broadcast address in it.
    first == 0
        || first >= 240
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || CLOUD_SERVICES_IPV4.contains(&address)
}

fn is_forbidden_ipv6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // ::/96 has the unspecified address, the loopback and the compatible form of IPv4 (RFC 4291, section 2.5.5.1). The mapped form
    // (2.5.5.2) means IPv4 to a socket and is never on a link.
    let is_low = segments[..6] == [0; 6] || segments[..6] == [0, 0, 0, 0, 0, 0xffff];
    let is_cloud_service = segments[..2] == [0xfd00, 0x0ec2] || address == CLOUD_SERVICE_IPV6;
    is_low
        || address.is_unicast_link_local()
        || address.is_multicast()
        || is_cloud_service
        || embedded_ipv4(&address).is_some_and(is_forbidden_ipv4)
}

/// The address of IPv4 that a translator or tunnel of the host would make of it.
fn embedded_ipv4(address: &Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let last = || <[u8; 4]>::try_from(&octets[12..]).ok().map(Ipv4Addr::from);
    match address.segments() {
        // NAT64 (RFC 6052, section 2.1), with a prefix of the network's own (RFC 8215) too, and the translated form (RFC 2765).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => last(),
        // 6to4 (RFC 3056, section 2).
        [0x2002, ..] => <[u8; 4]>::try_from(&octets[2..6]).ok().map(Ipv4Addr::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
