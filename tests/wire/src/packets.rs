//! IPv4 packets of datagrams, made and taken apart.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddrV4};

use smoltcp::wire::{EthernetAddress, EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, UdpPacket};

/// Length of a header without options, bytes (RFC 791, 3.1).
const IPV4_HEADER_BYTES: usize = 20;
/// Length of a header, bytes (RFC 768).
const UDP_HEADER_BYTES: usize = 8;
/// Length of a header, bytes (IEEE 802.3).
const ETHERNET_HEADER_BYTES: usize = 14;
/// Type, code, checksum, identifier and sequence number of an echo, bytes (RFC 792).
pub(crate) const ECHO_HEADER_BYTES: usize = 8;

/// What an IPv4 packet carried, put together from its fragments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A datagram of UDP.
    Udp {
        /// Who has sent it.
        from: SocketAddrV4,
        /// The machine's port.
        to_port: u16,
        /// What it carried.
        payload: Vec<u8>,
    },
    /// A message of ICMP.
    Icmp {
        /// Who has sent it.
        from: Ipv4Addr,
        /// Type and code.
        kind: [u8; 2],
        /// The four bytes behind the checksum: identifier and sequence number of an echo.
        field: [u8; 4],
        /// What follows: the payload of an echo, or the quoted packet.
        body: Vec<u8>,
    },
}

/// A UDP datagram with its header.
pub(crate) fn udp_datagram(from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; UDP_HEADER_BYTES];
    bytes.extend_from_slice(payload);
    let length = u16::try_from(bytes.len()).unwrap();
    let mut packet = UdpPacket::new_unchecked(&mut bytes);
    packet.set_src_port(from.port());
    packet.set_dst_port(to.port());
    packet.set_len(length);
    packet.fill_checksum(&(*from.ip()).into(), &(*to.ip()).into());
    bytes
}

/// Where frames go from and to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) source_mac: EthernetAddress,
    pub(crate) destination_mac: EthernetAddress,
    pub(crate) source: Ipv4Addr,
    pub(crate) destination: Ipv4Addr,
}

/// The frames of an IPv4 packet, in as many fragments as it takes.
pub(crate) fn frames(ends: Ends, protocol: IpProtocol, identification: u16, mtu: u16, data: &[u8]) -> Vec<Vec<u8>> {
    // Fragments begin at multiples of eight bytes (RFC 791, 3.1).
    let piece_bytes = (usize::from(mtu) - IPV4_HEADER_BYTES) & !7;
    let last = data.len().div_ceil(piece_bytes).max(1) - 1;
    let pieces = (0..=last).map(|index| {
        let start = index * piece_bytes;
        let piece = &data[start..data.len().min(start + piece_bytes)];
        let mut bytes = vec![0; ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES + piece.len()];
        let mut frame = EthernetFrame::new_unchecked(&mut bytes);
        frame.set_src_addr(ends.source_mac);
        frame.set_dst_addr(ends.destination_mac);
        frame.set_ethertype(EthernetProtocol::Ipv4);
        let mut packet = Ipv4Packet::new_unchecked(frame.payload_mut());
        packet.set_version(4);
        packet.set_header_len(20);
        packet.set_total_len(u16::try_from(IPV4_HEADER_BYTES + piece.len()).unwrap());
        packet.set_ident(identification);
        packet.clear_flags();
        packet.set_more_frags(index < last);
        packet.set_frag_offset(u16::try_from(start).unwrap());
        packet.set_hop_limit(64);
        packet.set_next_header(protocol);
        packet.set_src_addr(ends.source);
        packet.set_dst_addr(ends.destination);
        packet.payload_mut().copy_from_slice(piece);
        packet.fill_checksum();
        bytes
    });
    pieces.collect()
}

/// Fragments that wait for the others of their packet.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    waiting: HashMap<(Ipv4Addr, u16, u8), Pieces>,
}

#[derive(Debug, Default)]
struct Pieces {
    by_offset: BTreeMap<usize, Vec<u8>>,
    total_bytes: Option<usize>,
}

impl Fragments {
    /// Takes a frame; what it carries, if that is a message and whole now.
    pub(crate) fn take(&mut self, frame: &[u8]) -> Option<Message> {
        let frame = EthernetFrame::new_checked(frame).ok()?;
        if frame.ethertype() != EthernetProtocol::Ipv4 {
            return None;
        }
        let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
        assert!(packet.verify_checksum(), "the header of a packet has a wrong checksum");
        let (source, destination, protocol) = (packet.src_addr(), packet.dst_addr(), packet.next_header());
        let (start, payload) = (usize::from(packet.frag_offset()), packet.payload());
        if start == 0 && !packet.more_frags() {
            return message(source, destination, protocol, payload);
        }
        let key = (source, packet.ident(), u8::from(protocol));
        let pieces = self.waiting.entry(key).or_default();
        if !packet.more_frags() {
            pieces.total_bytes = Some(start + payload.len());
        }
        pieces.by_offset.insert(start, payload.to_vec());
        let have: usize = pieces.by_offset.values().map(Vec::len).sum();
        if pieces.total_bytes != Some(have) {
            return None;
        }
        let pieces = self.waiting.remove(&key)?;
        let whole: Vec<u8> = pieces.by_offset.into_values().flatten().collect();
        message(source, destination, protocol, &whole)
    }
}

fn message(source: Ipv4Addr, destination: Ipv4Addr, protocol: IpProtocol, data: &[u8]) -> Option<Message> {
    match protocol {
        IpProtocol::Udp => {
            let udp = UdpPacket::new_checked(data).ok()?;
            let is_right = udp.verify_checksum(&source.into(), &destination.into());
            assert!(is_right, "a datagram has a wrong checksum");
            Some(Message::Udp {
                from: SocketAddrV4::new(source, udp.src_port()),
                to_port: udp.dst_port(),
                payload: udp.payload().to_vec(),
            })
        }
        IpProtocol::Icmp => {
            let (head, body) = data.split_first_chunk::<ECHO_HEADER_BYTES>()?;
            let [kind, code, _, _, field @ ..] = *head;
            Some(Message::Icmp {
                from: source,
                kind: [kind, code],
                field,
                body: body.to_vec(),
            })
        }
        _ => None,
    }
}
