//! What the gateway tells machines through ICMP (RFC 792) and ICMPv6 (RFC 4443).

use std::net::IpAddr;

use smoltcp::wire::{Icmpv4Packet, Icmpv6Packet};

use crate::gateway_link::GatewayLink;
use crate::ip::protocol;
use crate::packet::Header;
use crate::{ConnectFailure, PortId};

/// The header of all messages.
pub(crate) const ICMP_HEADER_BYTES: usize = 8;

/// How much of a packet is quoted to a machine: an error is no longer than 576 bytes (RFC 1812, section 4.3.2.3).
const QUOTED_IPV4_BYTES: usize = 576 - 20 - ICMP_HEADER_BYTES;
/// The same for IPv6, where it is no longer than the smallest MTU (RFC 4443, section 2.4).
const QUOTED_IPV6_BYTES: usize = 1280 - 40 - ICMP_HEADER_BYTES;

/// Types of ICMP messages.
pub(crate) mod v4 {
    pub(crate) const ECHO_REPLY: u8 = 0;
    pub(crate) const UNREACHABLE: u8 = 3;
    pub(crate) const REDIRECT: u8 = 5;
    pub(crate) const ECHO_REQUEST: u8 = 8;
    pub(crate) const ROUTER_ADVERTISEMENT: u8 = 9;
    pub(crate) const TIME_EXCEEDED: u8 = 11;
}

/// Types of ICMPv6 messages.
pub(crate) mod v6 {
    pub(crate) const UNREACHABLE: u8 = 1;
    pub(crate) const TOO_BIG: u8 = 2;
    pub(crate) const TIME_EXCEEDED: u8 = 3;
    pub(crate) const PARAMETER_PROBLEM: u8 = 4;
    pub(crate) const ECHO_REQUEST: u8 = 128;
    pub(crate) const ECHO_REPLY: u8 = 129;
    pub(crate) const ROUTER_SOLICITATION: u8 = 133;
    pub(crate) const ROUTER_ADVERTISEMENT: u8 = 134;
    pub(crate) const NEIGHBOUR_SOLICITATION: u8 = 135;
    pub(crate) const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
    pub(crate) const REDIRECT: u8 = 137;
}

/// Why a machine's packet did not go where it was to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Its destination cannot be reached.
    Unreachable(ConnectFailure),
    /// Nothing but TCP, UDP and echoes is carried.
    Protocol,
    /// It has passed too many routers.
    HopLimit,
    /// It is larger than this many bytes, and must not be cut.
    TooBig(u16),
}

impl Problem {
    /// Type, code and what follows the checksum.
    fn ipv4(self) -> (u8, u8, u32) {
        match self {
            Self::Unreachable(ConnectFailure::Refused) => (v4::UNREACHABLE, 3, 0),
            Self::Unreachable(ConnectFailure::Prohibited) => (v4::UNREACHABLE, 13, 0),
            Self::Unreachable(ConnectFailure::Unreachable | ConnectFailure::TimedOut) => (v4::UNREACHABLE, 1, 0),
            Self::Protocol => (v4::UNREACHABLE, 2, 0),
            Self::HopLimit => (v4::TIME_EXCEEDED, 0, 0),
            // The MTU is in the lower half (RFC 1191, section 4).
            Self::TooBig(mtu_bytes) => (v4::UNREACHABLE, 4, u32::from(mtu_bytes)),
        }
    }

    fn ipv6(self) -> (u8, u8, u32) {
        match self {
            Self::Unreachable(ConnectFailure::Refused) => (v6::UNREACHABLE, 4, 0),
            Self::Unreachable(ConnectFailure::Prohibited) => (v6::UNREACHABLE, 1, 0),
            Self::Unreachable(ConnectFailure::Unreachable | ConnectFailure::TimedOut) => (v6::UNREACHABLE, 3, 0),
            // An unknown next header, which is named by the sixth byte of the header.
            Self::Protocol => (v6::PARAMETER_PROBLEM, 1, 6),
            Self::HopLimit => (v6::TIME_EXCEEDED, 0, 0),
            Self::TooBig(mtu_bytes) => (v6::TOO_BIG, 0, u32::from(mtu_bytes)),
        }
    }
}

/// Tells a machine what became of its packet, which is quoted. `from` is an address of the gateway of the same family as `machine`.
pub(crate) fn send_problem(
    link: &mut GatewayLink<'_>,
    port: PortId,
    from: IpAddr,
    machine: IpAddr,
    problem: Problem,
    packet: &[u8],
) {
    let ((kind, code, field), limit) = match machine {
        IpAddr::V4(_) => (problem.ipv4(), QUOTED_IPV4_BYTES),
        IpAddr::V6(_) => (problem.ipv6(), QUOTED_IPV6_BYTES),
    };
    let quoted = packet.get(..limit).unwrap_or(packet);
    send_message(link, port, from, machine, [kind, code], field.to_be_bytes(), quoted);
}

/// Answers an echo request.
pub(crate) fn send_echo_reply(
    link: &mut GatewayLink<'_>,
    port: PortId,
    from: IpAddr,
    machine: IpAddr,
    identifier: u16,
    sequence: u16,
    payload: &[u8],
) {
    let kind = if machine.is_ipv4() {
        v4::ECHO_REPLY
    } else {
        v6::ECHO_REPLY
    };
    let ([a, b], [c, d]) = (identifier.to_be_bytes(), sequence.to_be_bytes());
    send_message(link, port, from, machine, [kind, 0], [a, b, c, d], payload);
}

fn send_message(
    link: &mut GatewayLink<'_>,
    port: PortId,
    from: IpAddr,
    machine: IpAddr,
    [kind, code]: [u8; 2],
    [a, b, c, d]: [u8; 4],
    body: &[u8],
) {
    let number = if machine.is_ipv4() {
        protocol::ICMP
    } else {
        protocol::ICMPV6
    };
    let header = Header::new(from, machine, number);
    link.send(port, &header, ICMP_HEADER_BYTES + body.len(), &mut |message| {
        let Some((head, rest)) = message.split_at_mut_checked(ICMP_HEADER_BYTES) else {
            return;
        };
        head.copy_from_slice(&[kind, code, 0, 0, a, b, c, d]);
        rest.copy_from_slice(body);
        fill_checksum(&header, message);
    });
}

/// Fills in the checksum of a whole message.
pub(crate) fn fill_checksum(header: &Header, message: &mut [u8]) {
    match (header.source, header.destination) {
        (IpAddr::V4(_), IpAddr::V4(_)) => Icmpv4Packet::new_unchecked(message).fill_checksum(),
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            Icmpv6Packet::new_unchecked(message).fill_checksum(&source, &destination);
        }
        _ => {}
    }
}

/// An echo request of a machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EchoRequest<'a> {
    pub(crate) identifier: u16,
    pub(crate) sequence: u16,
    pub(crate) payload: &'a [u8],
}

/// Reads a message that is an echo request with a right checksum.
pub(crate) fn parse_echo_request(source: IpAddr, destination: IpAddr, message: &[u8]) -> Option<EchoRequest<'_>> {
    let payload = message.get(ICMP_HEADER_BYTES..)?;
    let (identifier, sequence) = match (source, destination) {
        (IpAddr::V4(_), IpAddr::V4(_)) => {
            let packet = Icmpv4Packet::new_checked(message).ok()?;
            let is_request = u8::from(packet.msg_type()) == v4::ECHO_REQUEST && packet.msg_code() == 0;
            (is_request && packet.verify_checksum()).then(|| (packet.echo_ident(), packet.echo_seq_no()))?
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let packet = Icmpv6Packet::new_checked(message).ok()?;
            let is_request = u8::from(packet.msg_type()) == v6::ECHO_REQUEST && packet.msg_code() == 0;
            let is_valid = is_request && packet.verify_checksum(&source, &destination);
            is_valid.then(|| (packet.echo_ident(), packet.echo_seq_no()))?
        }
        _ => return None,
    };
    Some(EchoRequest {
        identifier,
        sequence,
        payload,
    })
}
