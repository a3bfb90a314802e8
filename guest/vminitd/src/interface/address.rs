//! Addresses and default routes of an interface, rtnetlink(7).

use std::net::{IpAddr, Ipv4Addr};

use super::settings::InterfaceAddress;
use crate::netlink::{CREATE, Netlink, REPLACE, u32_at};

/// `RTM_NEWADDR`, `linux/rtnetlink.h`.
const RTM_NEWADDR: u16 = 20;
/// `RTM_DELADDR`, `linux/rtnetlink.h`.
const RTM_DELADDR: u16 = 21;
/// `RTM_GETADDR`, `linux/rtnetlink.h`.
const RTM_GETADDR: u16 = 22;
/// `RTM_NEWROUTE`, `linux/rtnetlink.h`.
const RTM_NEWROUTE: u16 = 24;
/// `IFA_ADDRESS`, `linux/if_addr.h`.
const IFA_ADDRESS: u16 = 1;
/// `IFA_LOCAL`, `linux/if_addr.h`.
const IFA_LOCAL: u16 = 2;
/// `IFA_BROADCAST`, `linux/if_addr.h`.
const IFA_BROADCAST: u16 = 4;
/// `IFA_F_NODAD`, `linux/if_addr.h`: the address is used without asking first whether somebody else has it.
const IFA_F_NODAD: u8 = 2;
/// `RTA_OIF`, `linux/rtnetlink.h`.
const RTA_OIF: u16 = 4;
/// `RTA_GATEWAY`, `linux/rtnetlink.h`.
const RTA_GATEWAY: u16 = 5;
/// `RTA_PRIORITY`, `linux/rtnetlink.h`.
const RTA_PRIORITY: u16 = 6;
/// `RT_TABLE_MAIN`, `linux/rtnetlink.h`.
const RT_TABLE_MAIN: u8 = 254;
/// `RTPROT_STATIC`, `linux/rtnetlink.h`.
const RTPROT_STATIC: u8 = 4;
/// `RTN_UNICAST`, `linux/rtnetlink.h`.
const RTN_UNICAST: u8 = 1;
/// `IP6_RT_PRIO_USER`, `linux/ipv6_route.h`: what the kernel makes of a metric of zero.
const IPV6_METRIC: u32 = 1024;

/// Size of `struct ifaddrmsg`, `linux/if_addr.h`.
const ADDRESS_BODY_BYTES: usize = 8;

/// Adds an address with the route to its network.
pub(crate) fn add(netlink: &mut Netlink, index: u32, address: InterfaceAddress) -> rustix::io::Result<()> {
    let InterfaceAddress { address, prefix_length } = address;
    match address {
        IpAddr::V4(v4) => {
            let (own, broadcast) = (v4.octets(), broadcast(v4, prefix_length).octets());
            let attributes: &[(u16, &[u8])] = &[(IFA_LOCAL, &own), (IFA_ADDRESS, &own), (IFA_BROADCAST, &broadcast)];
            netlink.change(
                RTM_NEWADDR,
                CREATE | REPLACE,
                &body(address, prefix_length, 0, index),
                attributes,
            )
        }
        IpAddr::V6(v6) => {
            let body = body(address, prefix_length, IFA_F_NODAD, index);
            netlink.change(RTM_NEWADDR, CREATE | REPLACE, &body, &[(IFA_LOCAL, &v6.octets())])
        }
    }
}

/// Removes the IPv4 addresses. Those of IPv6 go when the interface is taken down.
pub(crate) fn remove_ipv4(netlink: &mut Netlink, index: u32) -> rustix::io::Result<()> {
    let family = family(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let all = netlink.dump(RTM_GETADDR, &[family, 0, 0, 0, 0, 0, 0, 0], &[])?;
    for payload in all.iter().filter(|payload| u32_at(payload, 4) == Some(index)) {
        let (body, attributes) = payload.split_at_checked(ADDRESS_BODY_BYTES).unwrap_or((payload, &[]));
        let attributes: Vec<_> = crate::netlink::attributes(attributes)
            .filter(|(kind, _)| *kind == IFA_LOCAL)
            .collect();
        netlink.change(RTM_DELADDR, 0, body, &attributes)?;
    }
    Ok(())
}

/// Makes `gateway` the way to everything that no other route leads to. Of several interfaces with one the lowest `rank` is used.
pub(crate) fn add_default_route(
    netlink: &mut Netlink,
    index: u32,
    gateway: IpAddr,
    rank: u32,
) -> rustix::io::Result<()> {
    // struct rtmsg, linux/rtnetlink.h.
    let body = [
        family(gateway),
        0,
        0,
        0,
        RT_TABLE_MAIN,
        RTPROT_STATIC,
        0,
        RTN_UNICAST,
        0,
        0,
        0,
        0,
    ];
    let (octets, metric) = match gateway {
        IpAddr::V4(v4) => (v4.octets().to_vec(), rank),
        IpAddr::V6(v6) => (v6.octets().to_vec(), IPV6_METRIC.saturating_add(rank)),
    };
    let attributes: &[(u16, &[u8])] = &[
        (RTA_OIF, &index.to_ne_bytes()),
        (RTA_GATEWAY, &octets),
        (RTA_PRIORITY, &metric.to_ne_bytes()),
    ];
    netlink.change(RTM_NEWROUTE, CREATE | REPLACE, &body, attributes)
}

fn family(address: IpAddr) -> u8 {
    // AF_INET and AF_INET6 of Linux, on all architectures.
    match address {
        IpAddr::V4(_) => 2,
        IpAddr::V6(_) => 10,
    }
}

/// `struct ifaddrmsg`; a scope of zero is the universe.
fn body(address: IpAddr, prefix_length: u8, flags: u8, index: u32) -> [u8; ADDRESS_BODY_BYTES] {
    let [a, b, c, d] = index.to_ne_bytes();
    [family(address), prefix_length, flags, 0, a, b, c, d]
}

fn broadcast(address: Ipv4Addr, prefix_length: u8) -> Ipv4Addr {
    let host_bits = u32::MAX.checked_shr(u32::from(prefix_length)).unwrap_or(0);
    Ipv4Addr::from_bits(address.to_bits() | host_bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broadcast_address_is_the_last_of_the_network() {
        let address = Ipv4Addr::new(10, 1, 2, 3);
        assert_eq!(broadcast(address, 24), Ipv4Addr::new(10, 1, 2, 255));
        assert_eq!(broadcast(address, 32), address);
        assert_eq!(broadcast(address, 0), Ipv4Addr::BROADCAST);
    }
}
