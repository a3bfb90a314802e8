//! Neighbour discovery of IPv6 (RFC 4861), which the gateway answers for everyone.
//!
//! As with ARP, no machine hears that of another one. Addresses are assigned, not configured by machines from a prefix.

use std::net::Ipv6Addr;

use smoltcp::wire::{
    EthernetAddress, Icmpv6Packet, NdiscNeighborFlags, NdiscRepr, NdiscRouterFlags, RawHardwareAddress,
};

use crate::gateway_link::GatewayLink;
use crate::icmp::{fill_checksum, v6};
use crate::ip::protocol;
use crate::packet::Header;
use crate::ports::link_local;
use crate::{NetworkParameters, PortId};

/// Whoever is not on the link cannot send packets with it (RFC 4861, section 6.1).
const ON_LINK_HOP_LIMIT: u8 = 255;

/// All nodes of the link (RFC 4291, section 2.7.1).
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// The longest time that a router can say it stays one (RFC 8319, section 4): it is not repeated.
const ROUTER_LIFETIME: smoltcp::time::Duration = smoltcp::time::Duration::from_secs(65_535);

/// Whether a type of ICMPv6 message is of neighbour discovery. None of them goes from one machine to another.
pub(crate) fn is_neighbour_discovery(kind: u8) -> bool {
    matches!(
        kind,
        v6::ROUTER_SOLICITATION
            | v6::ROUTER_ADVERTISEMENT
            | v6::NEIGHBOUR_SOLICITATION
            | v6::NEIGHBOUR_ADVERTISEMENT
            | v6::REDIRECT
    )
}

/// Takes a message of neighbour discovery of a machine. `false`: it is malformed, or the machine claims what is not its own.
pub(crate) fn take_message(
    link: &mut GatewayLink<'_>,
    port: PortId,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    hop_limit: u8,
    message: &[u8],
) -> bool {
    let Some(parameters) = link.switch.ports.get(port).map(|port| port.parameters) else {
        return false;
    };
    let Ok(packet) = Icmpv6Packet::new_checked(message) else {
        return false;
    };
    if hop_limit != ON_LINK_HOP_LIMIT || packet.msg_code() != 0 || !packet.verify_checksum(&source, &destination) {
        return false;
    }
    let is_own_mac = |address: Option<RawHardwareAddress>| {
        address.is_none_or(|address| address.as_bytes() == parameters.mac.as_slice())
    };
    match NdiscRepr::parse(&packet) {
        Ok(NdiscRepr::RouterSolicit { lladdr }) if is_own_mac(lladdr) => {
            advertise_router(link, port, source);
            true
        }
        Ok(NdiscRepr::NeighborSolicit { target_addr, lladdr }) if is_own_mac(lladdr) => {
            solicited(link, port, source, target_addr)
        }
        Ok(NdiscRepr::NeighborAdvert {
            target_addr, lladdr, ..
        }) if is_own_mac(lladdr) => is_own(link, port, target_addr),
        _ => false,
    }
}

fn is_own(link: &mut GatewayLink<'_>, port: PortId, address: Ipv6Addr) -> bool {
    let owner = link.switch.ports.with_address(address.into());
    owner == Some(port)
        || address.is_unicast_link_local()
            && link
                .switch
                .ports
                .claim_link_local(&link.switch.network.clone(), port, address)
}

/// Who has `target`? From `::` the question is whether the machine may have it itself (RFC 4862, section 5.4).
fn solicited(link: &mut GatewayLink<'_>, port: PortId, source: Ipv6Addr, target: Ipv6Addr) -> bool {
    let owner = match owner(link, target) {
        Some(mac) => mac,
        None => {
            let is_claimed = source.is_unspecified() && target.is_unicast_link_local();
            return !is_claimed || is_own(link, port, target);
        }
    };
    if link
        .switch
        .ports
        .get(port)
        .is_some_and(|port| port.parameters.mac == owner)
    {
        return true;
    }
    let is_gateway = owner == link.switch.network.gateway_mac;
    let mut flags = NdiscNeighborFlags::OVERRIDE;
    flags.set(NdiscNeighborFlags::ROUTER, is_gateway);
    flags.set(NdiscNeighborFlags::SOLICITED, !source.is_unspecified());
    let to = if source.is_unspecified() { ALL_NODES } else { source };
    let lladdr = Some(EthernetAddress(owner).into());
    send(
        link,
        port,
        target,
        to,
        &NdiscRepr::NeighborAdvert {
            flags,
            target_addr: target,
            lladdr,
        },
    );
    true
}

fn owner(link: &GatewayLink<'_>, address: Ipv6Addr) -> Option<[u8; 6]> {
    let network = &link.switch.network;
    if is_gateways(network, address) {
        return Some(network.gateway_mac);
    }
    let ports = &link.switch.ports;
    ports
        .get(ports.with_address(address.into())?)
        .map(|port| port.parameters.mac)
}

/// Whether an address is one of those that the gateway stands for.
pub(crate) fn is_gateways(network: &NetworkParameters, address: Ipv6Addr) -> bool {
    address == network.ipv6.gateway
        || Some(address) == network.ipv6.host_access
        || address == link_local(network.gateway_mac)
}

fn advertise_router(link: &mut GatewayLink<'_>, port: PortId, source: Ipv6Addr) {
    let network = link.switch.network;
    let Some(mtu_bytes) = link.switch.ports.get(port).map(|port| port.parameters.mtu_bytes) else {
        return;
    };
    let advertisement = NdiscRepr::RouterAdvert {
        hop_limit: 64,
        flags: NdiscRouterFlags::empty(),
        router_lifetime: if network.is_internal {
            smoltcp::time::Duration::ZERO
        } else {
            ROUTER_LIFETIME
        },
        reachable_time: smoltcp::time::Duration::ZERO,
        retrans_time: smoltcp::time::Duration::ZERO,
        lladdr: Some(EthernetAddress(network.gateway_mac).into()),
        mtu: Some(u32::from(mtu_bytes)),
        prefix_info: None,
    };
    let to = if source.is_unspecified() { ALL_NODES } else { source };
    send(link, port, link_local(network.gateway_mac), to, &advertisement);
}

fn send(link: &mut GatewayLink<'_>, port: PortId, from: Ipv6Addr, to: Ipv6Addr, message: &NdiscRepr<'_>) {
    let header = Header {
        hop_limit: ON_LINK_HOP_LIMIT,
        ..Header::new(from.into(), to.into(), protocol::ICMPV6)
    };
    link.send(port, &header, message.buffer_len(), &mut |bytes| {
        message.emit(&mut Icmpv6Packet::new_unchecked(&mut *bytes));
        fill_checksum(&header, bytes);
    });
}
