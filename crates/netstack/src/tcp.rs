//! TCP between machines and sockets of the host.
//!
//! A connection of a machine ends here, and one of the host's own goes on to the peer. The peer is connected to first, so that the machine
//! sees a refusal as one. Each connection is a socket of smoltcp with an interface shared by the port, and bytes go straight between its
//! rings and the peer's socket.
//!
//! No timestamps: smoltcp's source of them is a function without state, which a machine of states cannot have. Initial sequence numbers
//! are random therefore, and a Linux that still has a pair of ports in TIME-WAIT takes the next connection on it either at once or, after a
//! reset, by the second SYN a second later. Ports of peers are chosen one after the other, so that this takes 49,152 connections to a
//! machine within a minute.

mod burst;
mod clock;
mod connection;
mod deadlines;
mod device;
mod flow;
mod opening;
mod port;
mod random;
mod rings;
mod segment_size;
#[cfg(test)]
mod tests;
mod turns;
mod unreachable;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use smoltcp::wire::TcpPacket;

use crate::link::Link;
use crate::{Close, ConnectFailure, Destination, FlowId, FlowView, Limits, PortId};
use clock::instant;
use connection::{Connection, Next};
use deadlines::Deadlines;
use flow::{Flow, FlowState};
use port::PortFlows;
use random::SplitMix64;

/// Longer packets are not kept while the peer is being connected to: both headers with all options are shorter. A SYN with data (TCP Fast
/// Open) comes again without.
const LONGEST_SYN_BYTES: usize = 256;

/// How many bytes of frames a connection may send in one turn.
const TURN_BYTES: usize = 64 << 10;

/// What TCP knows of a port.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpPort {
    pub(crate) id: PortId,
    pub(crate) mtu_bytes: u16,
}

/// A whole packet whose header was checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IpPacket<'a> {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// The packet, without options or extension headers.
    pub(crate) bytes: &'a [u8],
    /// What follows the header.
    pub(crate) payload: &'a [u8],
}

/// What tells the segments of one flow from those of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FlowKey {
    port: PortId,
    machine: SocketAddr,
    peer: SocketAddr,
}

/// All TCP flows of all ports.
///
/// [`crate::Outside::tcp_close`] is called once for each flow that was told to the world, except when connecting to its peer failed.
#[derive(Debug)]
pub(crate) struct TcpFlows {
    limits: Limits,
    random: SplitMix64,
    flows: HashMap<FlowId, Flow>,
    bound: HashMap<FlowKey, FlowId>,
    ports: HashMap<PortId, PortFlows>,
    deadlines: Deadlines,
    /// Flows that took segments of which nothing was made yet.
    unsettled: Vec<FlowId>,
}

impl TcpFlows {
    pub(crate) fn new(limits: &Limits, random_seed: u64) -> Self {
        Self {
            limits: *limits,
            random: SplitMix64::new(random_seed),
            flows: HashMap::new(),
            bound: HashMap::new(),
            ports: HashMap::new(),
            deadlines: Deadlines::default(),
            unsettled: Vec::new(),
        }
    }

    /// Takes a segment from a machine. `to` is where its destination leads. What it brings to a connection is made something of by
    /// [`Self::settle`] at the latest.
    pub(crate) fn segment(
        &mut self,
        now: Duration,
        port: &TcpPort,
        packet: IpPacket<'_>,
        to: Result<Destination, ConnectFailure>,
        link: &mut dyn Link,
    ) {
        let Ok(segment) = TcpPacket::new_checked(packet.payload) else {
            return;
        };
        if segment.src_port() == 0 || segment.dst_port() == 0 || is_for_many(packet.destination) {
            return;
        }
        let key = FlowKey {
            port: port.id,
            machine: SocketAddr::new(packet.source, segment.src_port()),
            peer: SocketAddr::new(packet.destination, segment.dst_port()),
        };
        if is_request(&segment) {
            self.abort_forgotten(now, &key, &segment, link);
        }
        if let Some(&flow) = self.bound.get(&key) {
            self.segment_of_flow(now, flow, packet.bytes, &segment, link);
        } else if !is_request(&segment) {
            self.port(now, port, link).reset(instant(now), packet.bytes, link);
        } else {
            match to {
                Ok(to) => self.dial(now, port, key, &packet, to, link),
                Err(why) => self.refuse(now, port, &key, packet.bytes, why, link),
            }
        }
    }

    pub(crate) fn readable(&mut self, now: Duration, flow: FlowId, link: &mut dyn Link) {
        if let Some(connection) = self.connection(flow) {
            connection.set_readable();
            self.advance(now, flow, usize::MAX, link);
        }
    }

    pub(crate) fn writable(&mut self, now: Duration, flow: FlowId, link: &mut dyn Link) {
        if let Some(connection) = self.connection(flow) {
            connection.set_writable();
            self.advance(now, flow, usize::MAX, link);
        }
    }

    /// Continues the flows that waited for a machine to take frames, one after the other.
    pub(crate) fn port_writable(&mut self, now: Duration, port: PortId, link: &mut dyn Link) {
        while link.is_open(port)
            && let Some(flow) = self.ports.get_mut(&port).and_then(|port| port.turns.take_first())
        {
            if let Some(flow) = self.flows.get_mut(&flow) {
                flow.turn = None;
            }
            self.advance(now, flow, TURN_BYTES, link);
        }
    }

    /// Resets what the flows of a port have outside, and forgets them with all else of it. Its machine is told nothing.
    pub(crate) fn forget_port(&mut self, _now: Duration, port: PortId, link: &mut dyn Link) {
        let of_port = self.flows.iter().filter(|(_, flow)| flow.key.port == port);
        let mut flows: Vec<FlowId> = of_port.map(|(&flow, _)| flow).collect();
        flows.sort_unstable();
        for flow in flows {
            let is_peer_open = self.connection(flow).is_none_or(|connection| connection.is_peer_open());
            if is_peer_open {
                link.outside().tcp_close(flow, Close::Reset);
            }
            self.remove(flow);
        }
        self.ports.remove(&port);
    }

    pub(crate) fn poll(&mut self, now: Duration, link: &mut dyn Link) {
        while let Some(id) = self.deadlines.take_due(now) {
            let Some(flow) = self.flows.get_mut(&id) else {
                continue;
            };
            flow.deadline = None;
            if matches!(flow.state, FlowState::Dialling { .. }) {
                link.outside().tcp_close(id, Close::Reset);
                self.remove(id);
            } else {
                self.advance(now, id, usize::MAX, link);
            }
        }
    }

    pub(crate) fn poll_at(&self) -> Option<Duration> {
        self.deadlines.earliest()
    }

    /// The port of a flow's machine.
    pub(crate) fn port_of(&self, flow: FlowId) -> Option<PortId> {
        self.flows.get(&flow).map(|flow| flow.key.port)
    }

    pub(crate) fn views(&self) -> impl Iterator<Item = FlowView> + '_ {
        self.flows.values().map(Flow::view)
    }

    fn port(&mut self, now: Duration, port: &TcpPort, link: &mut dyn Link) -> &mut PortFlows {
        let (limits, random) = (&self.limits, &mut self.random);
        self.ports
            .entry(port.id)
            .or_insert_with(|| PortFlows::new(*port, limits, random.next_u64(), instant(now), link))
    }

    fn connection(&mut self, flow: FlowId) -> Option<&mut Connection> {
        match &mut self.flows.get_mut(&flow)?.state {
            FlowState::Open(connection) => Some(connection),
            FlowState::Dialling { .. } => None,
        }
    }

    fn advance(&mut self, now: Duration, id: FlowId, quantum_bytes: usize, link: &mut dyn Link) {
        let Some(flow) = self.flows.get_mut(&id) else {
            return;
        };
        let (FlowState::Open(connection), Some(port)) = (&mut flow.state, self.ports.get_mut(&flow.key.port)) else {
            return;
        };
        let next = connection.advance(&mut port.scene(now, id, quantum_bytes, link));
        // The machine may use the pair of ports again, also while the peer has not taken everything.
        if connection.has_machine_left() && std::mem::take(&mut flow.is_bound) {
            self.bound.remove(&flow.key);
        }
        match next {
            Next::Wait(None) => self.deadlines.clear(id, &mut flow.deadline),
            Next::Wait(Some(at)) => self.deadlines.set(id, &mut flow.deadline, at),
            Next::Turn => port.turns.wait(id, &mut flow.turn),
            Next::Remove => self.remove(id),
        }
    }

    fn insert(&mut self, id: FlowId, flow: Flow) {
        if let Some(port) = self.ports.get_mut(&flow.key.port) {
            port.flows += 1;
            port.dialling += usize::from(matches!(flow.state, FlowState::Dialling { .. }));
        }
        self.bound.insert(flow.key, id);
        self.flows.insert(id, flow);
    }

    /// Leaves the flow's key to another one.
    fn unbind(&mut self, id: FlowId) {
        if let Some(flow) = self.flows.get_mut(&id)
            && std::mem::take(&mut flow.is_bound)
        {
            self.bound.remove(&flow.key);
        }
    }

    fn remove(&mut self, id: FlowId) {
        let Some(mut flow) = self.flows.remove(&id) else {
            return;
        };
        if flow.is_bound {
            self.bound.remove(&flow.key);
        }
        self.deadlines.clear(id, &mut flow.deadline);
        if let Some(port) = self.ports.get_mut(&flow.key.port) {
            port.flows -= 1;
            port.turns.leave(&mut flow.turn);
            match &flow.state {
                FlowState::Dialling { .. } => port.dialling -= 1,
                FlowState::Open(connection) => port.rings.give_back(connection.ring_bytes()),
            }
        }
    }
}

/// Whether it asks for a connection.
fn is_request(segment: &TcpPacket<&[u8]>) -> bool {
    segment.syn() && !segment.ack() && !segment.rst() && !segment.fin()
}

/// TCP is between two. What is sent to many is not answered either.
fn is_for_many(address: IpAddr) -> bool {
    address.is_multicast() || address == IpAddr::V4(std::net::Ipv4Addr::BROADCAST)
}
