//! Frames from machines: what each may send, and to whom it goes.
//!
//! A frame has the machine's own MAC address and IP address as its source, or it is dropped. It goes to the one machine that it is for; to
//! all others only if it is for a group. The gateway answers ARP and neighbour discovery for everyone, and nothing of either goes from one
//! machine to another. Nor does what manages groups (IGMP, MLD), because all machines are given all groups' frames anyway.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use smoltcp::wire::{EthernetFrame, EthernetProtocol};

use super::Stack;
use super::flows::spokesman;
use crate::arp::take_arp;
use crate::fragmentation::cut_ipv4;
use crate::gateway_link::{ETHERNET_HEADER_BYTES, GatewayLink};
use crate::icmp::{Problem, send_problem, v4, v6};
use crate::ip::{Datagram, parse_ipv4, parse_ipv6, protocol};
use crate::neighbours::{is_neighbour_discovery, take_message};
use crate::{Outside, PortId};

/// IGMP (IANA, "Assigned Internet Protocol Numbers").
const IGMP: u8 = 2;

impl Stack {
    /// Takes one Ethernet frame from a machine, which may be any bytes.
    pub fn frame(&mut self, now: Duration, port: PortId, frame: &[u8], outside: &mut dyn Outside) {
        self.frame_of_burst(now, port, frame, outside);
        self.end_burst(now, outside);
    }

    /// Takes one of several frames that are there at once. [`Self::end_burst`] has to follow the last one before anything is waited for: it
    /// carries on what the frames have brought to connections, so that what many segments bring goes on in one piece.
    pub fn frame_of_burst(&mut self, now: Duration, port: PortId, frame: &[u8], outside: &mut dyn Outside) {
        let Some(state) = self.switch.ports.get_mut(port) else {
            return;
        };
        state.counters.sent_packets += 1;
        state.counters.sent_bytes += frame.len() as u64;
        let is_taken = self.take_frame(now, port, frame, outside).is_some();
        if let Some(state) = self.switch.ports.get_mut(port)
            && !is_taken
        {
            state.counters.sent_dropped += 1;
        }
    }

    /// Carries on what [`Self::frame_of_burst`] has taken since the last call.
    pub fn end_burst(&mut self, now: Duration, outside: &mut dyn Outside) {
        self.tcp.settle(now, &mut self.switch.link(outside));
    }

    /// `None`: it was dropped.
    fn take_frame(&mut self, now: Duration, port: PortId, frame: &[u8], outside: &mut dyn Outside) -> Option<()> {
        let parameters = self.switch.ports.get(port)?.parameters;
        let ethernet = EthernetFrame::new_checked(frame).ok()?;
        if ethernet.src_addr().0 != parameters.mac {
            return None;
        }
        let mut link = self.switch.link(outside);
        let datagram = match ethernet.ethertype() {
            EthernetProtocol::Arp => return take_arp(&mut link, port, ethernet.payload()).then_some(()),
            EthernetProtocol::Ipv4 => parse_ipv4(ethernet.payload())?,
            EthernetProtocol::Ipv6 => parse_ipv6(ethernet.payload())?,
            EthernetProtocol::Unknown(_) => return None,
        };
        match (datagram.source, datagram.destination) {
            (IpAddr::V4(source), IpAddr::V4(_)) if source == parameters.ipv4 => {}
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                if is_for_the_gateway_alone(&datagram) {
                    return take_icmpv6(&mut link, port, source, destination, &datagram);
                }
                may_send_from(&mut link, port, source).then_some(())?;
            }
            _ => return None,
        }
        if is_redirect_or_group_management(&datagram) {
            return (datagram.protocol == IGMP).then_some(());
        }
        let to = ethernet.dst_addr();
        if to.0 == link.switch.network.gateway_mac {
            return self.routed(now, port, &datagram, outside);
        }
        let frame = frame.get(..ETHERNET_HEADER_BYTES + datagram.packet.len())?;
        if to.is_multicast() {
            is_group(&link, datagram.destination).then(|| link.flood(port, frame))
        } else {
            let target = link.switch.ports.with_mac(to.0).filter(|target| *target != port)?;
            to_machine(
                &mut link,
                port,
                target,
                &datagram,
                Way::Direct {
                    frame,
                    source: parameters.mac,
                },
            );
            Some(())
        }
    }
}

/// How a packet comes to another machine.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way<'a> {
    /// In this frame of the machine `source`.
    Direct { frame: &'a [u8], source: [u8; 6] },
    /// Through the gateway.
    Routed,
}

/// Sends a packet to another machine, cut to what that one takes if it may be.
pub(super) fn to_machine(
    link: &mut GatewayLink<'_>,
    sender: PortId,
    target: PortId,
    datagram: &Datagram<'_>,
    way: Way<'_>,
) {
    let Some(mtu_bytes) = link.switch.ports.get(target).map(|port| port.parameters.mtu_bytes) else {
        return;
    };
    let packet = datagram.packet;
    let is_too_big = packet.len() > usize::from(mtu_bytes);
    if !is_too_big {
        return match way {
            Way::Direct { frame, .. } => link.forward(target, frame),
            Way::Routed => link.send_packet(target, packet),
        };
    }
    if !datagram.may_be_fragmented {
        return complain(link, sender, datagram, Problem::TooBig(mtu_bytes));
    }
    let source = match way {
        Way::Direct { source, .. } => source,
        Way::Routed => link.switch.network.gateway_mac,
    };
    for piece in cut_ipv4(packet, mtu_bytes) {
        let kind = Some(EthernetProtocol::Ipv4);
        link.send_ethernet(target, source, kind, piece.len(), &mut |bytes| {
            bytes.copy_from_slice(&piece)
        });
    }
}

/// Tells a machine what became of its packet, if it may be told: neither about an error, nor about what is for a group, nor about all
/// fragments of the same datagram (RFC 1122, section 3.2.2; RFC 4443, section 2.4).
pub(super) fn complain(link: &mut GatewayLink<'_>, port: PortId, datagram: &Datagram<'_>, problem: Problem) {
    let kind = datagram.payload.first().copied().unwrap_or_default();
    let is_error = match datagram.protocol {
        protocol::ICMP => datagram.source.is_ipv4() && !matches!(kind, v4::ECHO_REPLY | v4::ECHO_REQUEST),
        protocol::ICMPV6 => datagram.source.is_ipv6() && kind < v6::ECHO_REQUEST,
        _ => false,
    };
    if is_error || !datagram.has_upper_header() || is_group(link, datagram.destination) {
        return;
    }
    let from = spokesman(&link.switch.network, datagram.destination);
    send_problem(link, port, from, datagram.source, problem, datagram.packet);
}

fn is_group(link: &GatewayLink<'_>, address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_multicast() || address == Ipv4Addr::BROADCAST || address == link.switch.network.ipv4.broadcast()
        }
        IpAddr::V6(address) => address.is_multicast(),
    }
}

fn may_send_from(link: &mut GatewayLink<'_>, port: PortId, source: Ipv6Addr) -> bool {
    let is_assigned = link
        .switch
        .ports
        .get(port)
        .is_some_and(|port| port.parameters.ipv6 == source);
    let network = link.switch.network;
    is_assigned || source.is_unicast_link_local() && link.switch.ports.claim_link_local(&network, port, source)
}

/// Neighbour discovery, and what multicast listeners say, which both may come from `::`.
fn is_for_the_gateway_alone(datagram: &Datagram<'_>) -> bool {
    let kind = datagram.payload.first().copied().unwrap_or_default();
    datagram.protocol == protocol::ICMPV6
        && datagram.has_upper_header()
        && (is_neighbour_discovery(kind) || is_multicast_listening(kind))
}

/// Multicast listener discovery (RFC 2710, RFC 3810).
fn is_multicast_listening(kind: u8) -> bool {
    matches!(kind, 130..=132 | 143)
}

fn take_icmpv6(
    link: &mut GatewayLink<'_>,
    port: PortId,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    datagram: &Datagram<'_>,
) -> Option<()> {
    // In fragments it hides what it is from the switch; nobody sends it so (RFC 6980).
    let is_whole = datagram.fragment.is_none();
    let kind = datagram.payload.first().copied()?;
    if !is_whole || !(source.is_unspecified() || may_send_from(link, port, source)) {
        return None;
    }
    if is_multicast_listening(kind) {
        return Some(());
    }
    take_message(link, port, source, destination, datagram.hop_limit, datagram.payload).then_some(())
}

/// What tells others where to send, and what tells routers about groups.
fn is_redirect_or_group_management(datagram: &Datagram<'_>) -> bool {
    let kind = datagram.payload.first().copied().unwrap_or_default();
    let is_icmp = datagram.source.is_ipv4() && datagram.protocol == protocol::ICMP && datagram.has_upper_header();
    is_icmp && matches!(kind, v4::REDIRECT | v4::ROUTER_ADVERTISEMENT)
        || datagram.source.is_ipv4() && datagram.protocol == IGMP
}
