//! IP packets as they are made for machines.

use std::net::IpAddr;

use smoltcp::wire::{Ipv4Packet, Ipv6Packet, UdpPacket};

use crate::ip::protocol;

/// An IPv4 header without options.
pub(crate) const IPV4_HEADER_BYTES: usize = 20;
/// An IPv6 header without extension headers.
pub(crate) const IPV6_HEADER_BYTES: usize = 40;
/// A UDP header.
pub(crate) const UDP_HEADER_BYTES: usize = 8;

/// Hop limit of packets from the gateway (RFC 1700, "IP time to live").
pub(crate) const HOP_LIMIT: u8 = 64;

/// What the header of a packet for a machine says. Its addresses are of one family.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: u8,
    pub(crate) hop_limit: u8,
}

impl Header {
    pub(crate) fn new(source: IpAddr, destination: IpAddr, protocol: u8) -> Self {
        Self {
            source,
            destination,
            protocol,
            hop_limit: HOP_LIMIT,
        }
    }

    /// Its length in bytes.
    pub(crate) fn header_bytes(&self) -> usize {
        if self.source.is_ipv4() {
            IPV4_HEADER_BYTES
        } else {
            IPV6_HEADER_BYTES
        }
    }

    /// The longest payload that one packet can have, fragmented or not, in bytes.
    pub(crate) fn maximum_payload_bytes(&self) -> usize {
        if self.source.is_ipv4() {
            65_535 - IPV4_HEADER_BYTES
        } else {
            65_535
        }
    }

    /// Writes the header of a packet that fills `packet`. What is too short for it stays as it is.
    pub(crate) fn write(&self, identification: u16, packet: &mut [u8]) {
        if packet.len() < self.header_bytes() {
            return;
        }
        let length = packet.len();
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let mut header = Ipv4Packet::new_unchecked(packet);
                header.set_version(4);
                header.set_header_len(20);
                header.set_total_len(u16::try_from(length).unwrap_or(u16::MAX));
                header.set_ident(identification);
                header.set_hop_limit(self.hop_limit);
                header.set_next_header(self.protocol.into());
                header.set_src_addr(source);
                header.set_dst_addr(destination);
                header.fill_checksum();
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let mut header = Ipv6Packet::new_unchecked(packet);
                header.set_version(6);
                header.set_payload_len(u16::try_from(length - IPV6_HEADER_BYTES).unwrap_or(u16::MAX));
                header.set_next_header(self.protocol.into());
                header.set_hop_limit(self.hop_limit);
                header.set_src_addr(source);
                header.set_dst_addr(destination);
            }
            _ => {}
        }
    }

    /// A whole packet of this header and `payload`.
    pub(crate) fn packet(&self, identification: u16, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; self.header_bytes()];
        packet.extend_from_slice(payload);
        self.write(identification, &mut packet);
        packet
    }
}

/// Writes a UDP datagram that fills `datagram`. What is too short for its header stays as it is.
pub(crate) fn write_udp(header: &Header, source_port: u16, destination_port: u16, payload: &[u8], datagram: &mut [u8]) {
    let Ok(length) = u16::try_from(datagram.len()) else {
        return;
    };
    let Some(body) = datagram.get_mut(UDP_HEADER_BYTES..) else {
        return;
    };
    if header.protocol != protocol::UDP || body.len() != payload.len() {
        return;
    }
    body.copy_from_slice(payload);
    let mut udp = UdpPacket::new_unchecked(datagram);
    udp.set_src_port(source_port);
    udp.set_dst_port(destination_port);
    udp.set_len(length);
    udp.fill_checksum(&header.source.into(), &header.destination.into());
}
