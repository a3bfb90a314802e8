//! ICMP and ICMPv6 messages that there is no way to a peer. Linux fails `connect` with `EHOSTUNREACH` at once when one comes for its SYN.

use std::net::IpAddr;

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    Icmpv4DstUnreachable, Icmpv4Message, Icmpv4Packet, Icmpv6DstUnreachable, Icmpv6Message, Icmpv6Packet, IpProtocol,
    IpRepr,
};

use crate::PortId;
use crate::link::Link;

/// Of both kinds of message.
const ICMP_HEADER_BYTES: usize = 8;

/// An ICMP error is at most this long, RFC 1812, 4.3.2.3.
const LONGEST_ICMPV4_BYTES: usize = 576;

/// An ICMPv6 error is at most this long: the smallest MTU of IPv6, RFC 4443, 2.4 (c).
const LONGEST_ICMPV6_BYTES: usize = 1280;

/// The hop limit of what we send.
const HOP_LIMIT: u8 = 64;

/// Tells the machine at `machine`, which sent `packet` to `peer`, that no way leads there. The message comes from the peer's address: an
/// address of the gateway is not needed, because nobody looks at it.
pub(super) fn send(port: PortId, machine: IpAddr, peer: IpAddr, packet: &[u8], link: &mut dyn Link) {
    let (protocol, ip_header_bytes, longest_bytes) = match peer {
        IpAddr::V4(_) => (IpProtocol::Icmp, 20, LONGEST_ICMPV4_BYTES),
        IpAddr::V6(_) => (IpProtocol::Icmpv6, 40, LONGEST_ICMPV6_BYTES),
    };
    let quote = &packet[..packet.len().min(longest_bytes - ip_header_bytes - ICMP_HEADER_BYTES)];
    let message_bytes = ICMP_HEADER_BYTES + quote.len();
    let header = IpRepr::new(peer.into(), machine.into(), protocol, message_bytes, HOP_LIMIT);
    link.send_ip(port, ip_header_bytes + message_bytes, &mut |bytes| {
        let (header_space, message) = bytes.split_at_mut(ip_header_bytes);
        header.emit(&mut *header_space, &ChecksumCapabilities::default());
        message[ICMP_HEADER_BYTES..].copy_from_slice(quote);
        match (peer, machine) {
            (IpAddr::V6(peer), IpAddr::V6(machine)) => {
                let mut message = Icmpv6Packet::new_unchecked(message);
                message.set_msg_type(Icmpv6Message::DstUnreachable);
                message.set_msg_code(Icmpv6DstUnreachable::AddrUnreachable.into());
                message.fill_checksum(&peer, &machine);
            }
            _ => {
                let mut message = Icmpv4Packet::new_unchecked(message);
                message.set_msg_type(Icmpv4Message::DstUnreachable);
                message.set_msg_code(Icmpv4DstUnreachable::HostUnreachable.into());
                message.fill_checksum();
            }
        }
    });
}
