//! Frames made and checked by another implementation than the one under test.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{EtherType, NetSlice, PacketBuilder, SlicedPacket, TransportSlice};

use super::machine;

/// A UDP datagram from machine `from` in a frame to `to_mac`.
pub(crate) fn udp(from: u8, to_mac: [u8; 6], to: IpAddr, ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let builder = PacketBuilder::ethernet2(machine(from, 1500).mac, to_mac);
    let builder = match to {
        IpAddr::V4(to) => builder.ipv4(machine(from, 1500).ipv4.octets(), to.octets(), 64),
        IpAddr::V6(to) => builder.ipv6(machine(from, 1500).ipv6.octets(), to.octets(), 64),
    };
    let mut frame = Vec::new();
    builder.udp(ports.0, ports.1).write(&mut frame, payload).unwrap();
    frame
}

/// An echo request, likewise.
pub(crate) fn echo_request(from: u8, to_mac: [u8; 6], to: IpAddr, hop_limit: u8, payload: &[u8]) -> Vec<u8> {
    let builder = PacketBuilder::ethernet2(machine(from, 1500).mac, to_mac);
    let mut frame = Vec::new();
    match to {
        IpAddr::V4(to) => {
            let builder = builder.ipv4(machine(from, 1500).ipv4.octets(), to.octets(), hop_limit);
            builder.icmpv4_echo_request(77, 5).write(&mut frame, payload).unwrap();
        }
        IpAddr::V6(to) => {
            let builder = builder.ipv6(machine(from, 1500).ipv6.octets(), to.octets(), hop_limit);
            builder.icmpv6_echo_request(77, 5).write(&mut frame, payload).unwrap();
        }
    }
    frame
}

/// An ICMPv6 message of any type from any address.
pub(crate) fn icmpv6(from_mac: [u8; 6], to_mac: [u8; 6], from: &str, to: &str, head: [u8; 2], body: &[u8]) -> Vec<u8> {
    let (from, to): (Ipv6Addr, Ipv6Addr) = (from.parse().unwrap(), to.parse().unwrap());
    let mut frame = Vec::new();
    let (first, rest) = body.split_first_chunk().unwrap();
    PacketBuilder::ethernet2(from_mac, to_mac)
        .ipv6(from.octets(), to.octets(), 255)
        .icmpv6_raw(head[0], head[1], *first)
        .write(&mut frame, rest)
        .unwrap();
    frame
}

/// An ARP packet.
pub(crate) fn arp(from_mac: [u8; 6], operation: u8, sender: ([u8; 6], Ipv4Addr), target: Ipv4Addr) -> Vec<u8> {
    let mut frame = [[0xff; 6], from_mac].concat();
    frame.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, operation]);
    frame.extend(sender.0);
    frame.extend(sender.1.octets());
    frame.extend([0; 6]);
    frame.extend(target.octets());
    frame
}

/// What a frame has in it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) source_mac: [u8; 6],
    pub(crate) destination_mac: [u8; 6],
    pub(crate) is_arp: bool,
    pub(crate) addresses: Option<(IpAddr, IpAddr)>,
    pub(crate) is_fragment: bool,
    /// Behind the IP headers.
    pub(crate) payload: Vec<u8>,
}

/// Reads a frame strictly: lengths and checksums are right.
pub(crate) fn seen(frame: &[u8]) -> Seen {
    let sliced = SlicedPacket::from_ethernet(frame).unwrap_or_else(|error| panic!("{error}: {frame:02x?}"));
    let Some(etherparse::LinkSlice::Ethernet2(link)) = &sliced.link else {
        panic!("no Ethernet: {frame:02x?}")
    };
    let (source_mac, destination_mac) = (link.source(), link.destination());
    let mut seen = Seen {
        source_mac,
        destination_mac,
        is_arp: false,
        addresses: None,
        is_fragment: false,
        payload: Vec::new(),
    };
    match sliced.net.as_ref().unwrap() {
        NetSlice::Arp(arp) => {
            assert_eq!(frame.len(), 14 + 28);
            assert_eq!(arp.hw_addr_type(), etherparse::ArpHardwareId::ETHERNET);
            assert_eq!(arp.proto_addr_type(), EtherType::IPV4);
            seen.is_arp = true;
        }
        NetSlice::Ipv4(ip) => {
            let header = ip.header().to_header();
            assert_eq!(header.header_checksum, header.calc_header_checksum(), "{frame:02x?}");
            assert_eq!(usize::from(header.total_len), frame.len() - 14);
            seen.addresses = Some((
                Ipv4Addr::from(header.source).into(),
                Ipv4Addr::from(header.destination).into(),
            ));
            seen.is_fragment = ip.is_payload_fragmented();
            seen.payload = ip.payload().payload.to_vec();
        }
        NetSlice::Ipv6(ip) => {
            let header = ip.header().to_header();
            assert_eq!(usize::from(header.payload_length), frame.len() - 14 - 40);
            seen.addresses = Some((
                Ipv6Addr::from(header.source).into(),
                Ipv6Addr::from(header.destination).into(),
            ));
            seen.is_fragment = ip.is_payload_fragmented();
            seen.payload = ip.payload().payload.to_vec();
        }
    }
    if !seen.is_fragment {
        check_transport(&sliced, &seen, frame);
    }
    seen
}

fn check_transport(sliced: &SlicedPacket<'_>, seen: &Seen, frame: &[u8]) {
    let Some((source, destination)) = seen.addresses else {
        return;
    };
    let number = match &sliced.transport {
        Some(TransportSlice::Udp(_)) => 17,
        Some(TransportSlice::Tcp(_)) => 6,
        Some(TransportSlice::Icmpv6(_)) => 58,
        Some(TransportSlice::Icmpv4(_)) => {
            assert_eq!(sum(&seen.payload), 0xffff, "{frame:02x?}");
            return;
        }
        _ => return,
    };
    let mut bytes = match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => [source.octets(), destination.octets()].concat(),
        (IpAddr::V6(source), IpAddr::V6(destination)) => [source.octets(), destination.octets()].concat(),
        _ => panic!("two families"),
    };
    bytes.extend((seen.payload.len() as u32).to_be_bytes());
    bytes.extend([0, 0, 0, number]);
    bytes.extend(&seen.payload);
    assert_eq!(sum(&bytes), 0xffff, "{frame:02x?}");
}

/// The sum of RFC 1071, which is 0xffff over what has a right checksum in it.
fn sum(bytes: &[u8]) -> u32 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or_default());
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum
}
