//! UDP between machines and sockets of the host.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use smoltcp::wire::UdpPacket;

use crate::flow_table::FlowTable;
use crate::gateway_link::GatewayLink;
use crate::icmp::{Problem, send_problem};
use crate::ip::{Datagram, protocol};
use crate::link::Link;
use crate::packet::{Header, UDP_HEADER_BYTES, write_udp};
use crate::{ConnectFailure, Destination, FlowDirection, FlowId, FlowTransport, FlowView, Limits, PortId, Service};

/// How long a flow is kept in which both sides have sent (RFC 4787, REQ-5, asks for two minutes).
const ANSWERED_IDLE: Duration = Duration::from_secs(120);
/// How long a flow is kept in which only one side has sent.
const UNANSWERED_IDLE: Duration = Duration::from_secs(30);
/// How long a flow to the gateway's DNS is kept: a question is answered in that time or never.
const DNS_IDLE: Duration = Duration::from_secs(10);

/// Ports of the gateway that stand for clients of published ports (RFC 6335, section 6: dynamic ports).
const FIRST_EPHEMERAL_PORT: u16 = 49_152;

/// A header of IPv6 and one of UDP.
const LONGEST_QUOTE_BYTES: usize = 48;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct UdpKey {
    port: PortId,
    machine: SocketAddr,
    peer: SocketAddr,
}

#[derive(Debug)]
struct UdpFlow {
    direction: FlowDirection,
    is_dns: bool,
    has_machine_sent: bool,
    has_peer_sent: bool,
    /// The headers of the machine's last datagram, for an error that quotes it. Its length is that of the family.
    quote: [u8; LONGEST_QUOTE_BYTES],
}

impl UdpFlow {
    fn idle(&self) -> Duration {
        if self.is_dns {
            DNS_IDLE
        } else if self.has_machine_sent && self.has_peer_sent {
            ANSWERED_IDLE
        } else {
            UNANSWERED_IDLE
        }
    }

    fn remember(&mut self, packet: &[u8]) {
        for (into, from) in self.quote.iter_mut().zip(packet) {
            *into = *from;
        }
    }
}

/// All UDP flows of all ports.
#[derive(Debug)]
pub(crate) struct UdpFlows {
    table: FlowTable<UdpKey, UdpFlow>,
    next_ephemeral_port: u16,
}

impl UdpFlows {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            table: FlowTable::new(limits.udp_flows_per_port),
            next_ephemeral_port: FIRST_EPHEMERAL_PORT,
        }
    }

    /// Takes a datagram from a machine. `to` is where its destination leads.
    ///
    /// # Errors
    /// Why it leads nowhere. Nothing if it is malformed.
    pub(crate) fn datagram(
        &mut self,
        now: Duration,
        port: PortId,
        datagram: &Datagram<'_>,
        to: Result<Destination, ConnectFailure>,
        link: &mut GatewayLink<'_>,
    ) -> Result<(), ConnectFailure> {
        let Ok(udp) = UdpPacket::new_checked(datagram.payload) else {
            return Ok(());
        };
        let is_unchecked_v6 = datagram.source.is_ipv6() && udp.checksum() == 0;
        if is_unchecked_v6
            || udp.src_port() == 0
            || !udp.verify_checksum(&datagram.source.into(), &datagram.destination.into())
        {
            return Ok(());
        }
        let machine = SocketAddr::new(datagram.source, udp.src_port());
        let key = UdpKey {
            port,
            machine,
            peer: SocketAddr::new(datagram.destination, udp.dst_port()),
        };
        if let Some(id) = self.table.find(&key) {
            self.send(now, id, datagram, to, udp.payload(), link);
            return Ok(());
        }
        let to = to?;
        self.make_room(port, link);
        let id = link.new_flow_id();
        let is_dns = matches!(to, Destination::Service(Service::Dns));
        let flow = new_flow(FlowDirection::Outgoing, is_dns);
        let idle = flow.idle();
        self.table.insert(id, key, port, flow, now, idle);
        self.send(now, id, datagram, Ok(to), udp.payload(), link);
        Ok(())
    }

    fn send(
        &mut self,
        now: Duration,
        id: FlowId,
        datagram: &Datagram<'_>,
        to: Result<Destination, ConnectFailure>,
        payload: &[u8],
        link: &mut GatewayLink<'_>,
    ) {
        let Some(flow) = self.table.get_mut(id) else { return };
        flow.has_machine_sent = true;
        flow.remember(datagram.packet);
        let (idle, direction) = (flow.idle(), flow.direction);
        self.table.touch(id, now, idle);
        match (direction, to) {
            (FlowDirection::Incoming, _) => link.outside().udp_answer(id, payload),
            (FlowDirection::Outgoing, Ok(to)) => link.outside().udp_send(id, to, payload),
            (FlowDirection::Outgoing, Err(_)) => {}
        }
    }

    /// The port of a flow's machine.
    pub(crate) fn port_of(&self, flow: FlowId) -> Option<PortId> {
        self.table.get(flow).map(|(port, _, _)| port)
    }

    /// Opens the flow of a client of a published port. `peer` is the client as the machine sees it, or an address of the gateway with
    /// port 0, for which a free port is chosen.
    pub(crate) fn accepted(
        &mut self,
        now: Duration,
        port: PortId,
        machine: SocketAddr,
        peer: SocketAddr,
        link: &mut GatewayLink<'_>,
    ) -> Option<FlowId> {
        let peer = if peer.port() == 0 {
            self.ephemeral(port, machine, peer.ip())?
        } else {
            peer
        };
        let key = UdpKey { port, machine, peer };
        if let Some(id) = self.table.find(&key) {
            let is_incoming = self
                .table
                .get(id)
                .is_some_and(|(_, _, flow)| flow.direction == FlowDirection::Incoming);
            if is_incoming {
                return Some(id);
            }
            // The machine has sent to that address before. It is one exchange for both of them, and the client's socket is the one that it
            // knows.
            self.table.remove(id);
            link.outside().udp_close(id);
        }
        self.make_room(port, link);
        let id = link.new_flow_id();
        self.table.insert(
            id,
            key,
            port,
            new_flow(FlowDirection::Incoming, false),
            now,
            UNANSWERED_IDLE,
        );
        Some(id)
    }

    fn ephemeral(&mut self, port: PortId, machine: SocketAddr, gateway: IpAddr) -> Option<SocketAddr> {
        for _ in FIRST_EPHEMERAL_PORT..=u16::MAX {
            let peer = SocketAddr::new(gateway, self.next_ephemeral_port);
            self.next_ephemeral_port = self.next_ephemeral_port.checked_add(1).unwrap_or(FIRST_EPHEMERAL_PORT);
            if self.table.find(&UdpKey { port, machine, peer }).is_none() {
                return Some(peer);
            }
        }
        None
    }

    /// Delivers a datagram of the peer.
    pub(crate) fn received(&mut self, now: Duration, id: FlowId, payload: &[u8], link: &mut GatewayLink<'_>) {
        let Some(flow) = self.table.get_mut(id) else { return };
        flow.has_peer_sent = true;
        let idle = flow.idle();
        self.table.touch(id, now, idle);
        let Some((port, key, _)) = self.table.get(id) else {
            return;
        };
        let (machine, peer) = (key.machine, key.peer);
        let header = Header::new(peer.ip(), machine.ip(), protocol::UDP);
        link.send(port, &header, UDP_HEADER_BYTES + payload.len(), &mut |datagram| {
            write_udp(&header, peer.port(), machine.port(), payload, datagram);
        });
    }

    /// Tells the machine that nobody takes what it sends. `gateway` is who says so.
    pub(crate) fn refused(&self, id: FlowId, gateway: impl Fn(IpAddr) -> IpAddr, link: &mut GatewayLink<'_>) {
        let Some((port, key, flow)) = self.table.get(id) else {
            return;
        };
        if !flow.has_machine_sent {
            return;
        }
        let machine = key.machine.ip();
        let quoted_bytes = Header::new(machine, key.peer.ip(), protocol::UDP).header_bytes() + UDP_HEADER_BYTES;
        let quote = flow.quote.get(..quoted_bytes).unwrap_or_default();
        let problem = Problem::Unreachable(ConnectFailure::Refused);
        send_problem(link, port, gateway(key.peer.ip()), machine, problem, quote);
    }

    /// Ends all flows of a port.
    pub(crate) fn forget_port(&mut self, port: PortId, link: &mut GatewayLink<'_>) {
        while let Some(id) = self.table.take_of(port) {
            link.outside().udp_close(id);
        }
    }

    /// Ends what has been idle for too long.
    pub(crate) fn poll(&mut self, now: Duration, link: &mut GatewayLink<'_>) {
        while let Some(id) = self.table.take_expired(now) {
            link.outside().udp_close(id);
        }
    }

    pub(crate) fn poll_at(&self) -> Option<Duration> {
        self.table.next_timer()
    }

    pub(crate) fn views(&self) -> impl Iterator<Item = FlowView> + '_ {
        self.table.iter().map(|(port, key, flow)| FlowView {
            transport: FlowTransport::Udp,
            port,
            machine: key.machine,
            peer: key.peer,
            direction: flow.direction,
            state: if flow.has_machine_sent && flow.has_peer_sent {
                "answered"
            } else {
                "unanswered"
            },
        })
    }

    fn make_room(&mut self, port: PortId, link: &mut GatewayLink<'_>) {
        if let Some(id) = self.table.make_room(port) {
            link.outside().udp_close(id);
        }
    }
}

fn new_flow(direction: FlowDirection, is_dns: bool) -> UdpFlow {
    UdpFlow {
        direction,
        is_dns,
        has_machine_sent: false,
        has_peer_sent: false,
        quote: [0; LONGEST_QUOTE_BYTES],
    }
}
