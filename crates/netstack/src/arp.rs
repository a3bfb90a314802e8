//! ARP (RFC 826), which the gateway answers for everyone.
//!
//! No machine hears the ARP of another one, so that none can take another's address. What is announced without having been asked (RFC
//! 5227) is not passed on either: who has which address is known from the ports.

use std::net::Ipv4Addr;

use smoltcp::wire::{ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetProtocol};

use crate::PortId;
use crate::gateway_link::GatewayLink;

/// An ARP packet for Ethernet and IPv4.
const ARP_BYTES: usize = 28;

/// Takes an ARP packet of a machine. `false`: it is malformed, or the machine claims what is not its own.
pub(crate) fn take_arp(link: &mut GatewayLink<'_>, port: PortId, bytes: &[u8]) -> bool {
    let Some(parameters) = link.switch.ports.get(port).map(|port| port.parameters) else {
        return false;
    };
    let Ok(packet) = ArpPacket::new_checked(bytes) else {
        return false;
    };
    if packet.hardware_len() != 6 || packet.protocol_len() != 4 {
        return false;
    }
    let Ok(ArpRepr::EthernetIpv4 {
        operation,
        source_hardware_addr,
        source_protocol_addr,
        target_protocol_addr,
        ..
    }) = ArpRepr::parse(&packet)
    else {
        return false;
    };
    // A machine that looks whether its address is free has none yet (RFC 5227, section 1.1).
    let is_own = source_protocol_addr == parameters.ipv4 || source_protocol_addr.is_unspecified();
    if source_hardware_addr.0 != parameters.mac || !is_own {
        return false;
    }
    if operation != ArpOperation::Request || target_protocol_addr == parameters.ipv4 {
        return true;
    }
    let Some(mac) = owner(link, target_protocol_addr) else {
        return true;
    };
    let answer = ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Reply,
        source_hardware_addr: EthernetAddress(mac),
        source_protocol_addr: target_protocol_addr,
        target_hardware_addr: EthernetAddress(parameters.mac),
        target_protocol_addr: source_protocol_addr,
    };
    let gateway = link.switch.network.gateway_mac;
    link.send_ethernet(port, gateway, Some(EthernetProtocol::Arp), ARP_BYTES, &mut |bytes| {
        answer.emit(&mut ArpPacket::new_unchecked(bytes));
    });
    true
}

fn owner(link: &GatewayLink<'_>, address: Ipv4Addr) -> Option<[u8; 6]> {
    let network = &link.switch.network;
    if address == network.ipv4.gateway || Some(address) == network.ipv4.host_access {
        return Some(network.gateway_mac);
    }
    let ports = &link.switch.ports;
    ports
        .get(ports.with_address(address.into())?)
        .map(|port| port.parameters.mac)
}
