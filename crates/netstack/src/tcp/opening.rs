//! How connections begin: the peer's first, then the machine's.

use std::net::SocketAddr;
use std::time::Duration;

use smoltcp::wire::TcpPacket;

use super::clock::instant;
use super::connection::Connection;
use super::flow::{Flow, FlowState};
use super::{FlowKey, IpPacket, LONGEST_SYN_BYTES, TcpFlows, TcpPort, unreachable};
use crate::link::Link;
use crate::{Close, ConnectFailure, Destination, FlowDirection, FlowId};

/// How many connections of a port may wait for their peer at the same time.
const DIALLING_PER_PORT: usize = 1024;

/// How long a connection may wait for its peer. A Linux machine gave up before: it sends SYNs for 127 seconds.
const DIALLING_LIMIT: Duration = Duration::from_secs(130);

impl TcpFlows {
    /// Connects to a machine for a client whose connection was accepted. `peer` is what the machine sees of the client; a port of it is
    /// chosen if it has none. `None` if there are too many flows.
    pub(crate) fn accepted(
        &mut self,
        now: Duration,
        port: &TcpPort,
        machine: SocketAddr,
        mut peer: SocketAddr,
        link: &mut dyn Link,
    ) -> Option<FlowId> {
        self.port(now, port, link);
        let shared = self.ports.get_mut(&port.id)?;
        if shared.flows >= self.limits.tcp_flows_per_port || machine.port() == 0 || machine.is_ipv4() != peer.is_ipv4()
        {
            return None;
        }
        let key = |peer: SocketAddr| FlowKey {
            port: port.id,
            machine,
            peer,
        };
        if peer.port() == 0 {
            let (ip, bound) = (peer.ip(), &self.bound);
            let chosen = shared.ephemeral_port(|port| !bound.contains_key(&key(SocketAddr::new(ip, port))))?;
            peer.set_port(chosen);
        } else if self.bound.contains_key(&key(peer)) {
            return None;
        }
        let ring_bytes = shared.rings.take()?;
        let connection = Connection::to_machine(&key(peer), ring_bytes, &mut shared.interface);
        let flow = link.new_flow_id();
        let state = FlowState::Open(Box::new(connection));
        self.insert(flow, Flow::new(key(peer), FlowDirection::Incoming, state));
        self.advance(now, flow, usize::MAX, link);
        Some(flow)
    }

    /// The peer of a flow is connected to: its machine may hear of it.
    pub(crate) fn connected(&mut self, now: Duration, id: FlowId, link: &mut dyn Link) {
        let Some(flow) = self.flows.get_mut(&id) else {
            return;
        };
        let (FlowState::Dialling { syn, sequence }, Some(port)) = (&mut flow.state, self.ports.get_mut(&flow.key.port))
        else {
            return;
        };
        let (syn, sequence) = (std::mem::take(syn), *sequence);
        let Some(ring_bytes) = port.rings.take() else {
            // The machine asks again, and then there may be some.
            link.outside().tcp_close(id, Close::Reset);
            self.remove(id);
            return;
        };
        port.dialling -= 1;
        let mut connection = Box::new(Connection::to_peer(&flow.key, ring_bytes, sequence));
        connection.take(&mut port.scene(now, id, usize::MAX, link), &syn);
        flow.state = FlowState::Open(connection);
        self.deadlines.clear(id, &mut flow.deadline);
        self.advance(now, id, usize::MAX, link);
    }

    /// The peer of a flow cannot be connected to.
    pub(crate) fn failed(&mut self, now: Duration, id: FlowId, why: ConnectFailure, link: &mut dyn Link) {
        if let Some(Flow { key, state, .. }) = self.flows.get(&id)
            && let (FlowState::Dialling { syn, .. }, Some(port)) = (state, self.ports.get(&key.port))
        {
            let (key, port, syn) = (*key, port.port, syn.clone());
            self.remove(id);
            self.refuse(now, &port, &key, &syn, why, link);
        }
    }

    /// Begins to connect to the peer. When there is no room the machine hears nothing, and asks again.
    pub(super) fn dial(
        &mut self,
        now: Duration,
        port: &TcpPort,
        key: FlowKey,
        syn: &IpPacket<'_>,
        to: Destination,
        link: &mut dyn Link,
    ) {
        let limit = self.limits.tcp_flows_per_port;
        let shared = self.port(now, port, link);
        if shared.flows >= limit || shared.dialling >= DIALLING_PER_PORT || syn.bytes.len() > LONGEST_SYN_BYTES {
            return;
        }
        let id = link.new_flow_id();
        let mut flow = Flow::new(
            key,
            FlowDirection::Outgoing,
            FlowState::Dialling {
                syn: syn.bytes.into(),
                sequence: TcpPacket::new_unchecked(syn.payload).seq_number(),
            },
        );
        self.deadlines.set(id, &mut flow.deadline, now + DIALLING_LIMIT);
        self.insert(id, flow);
        link.outside().tcp_connect(id, to);
    }

    /// Answers a SYN whose peer cannot be reached.
    pub(super) fn refuse(
        &mut self,
        now: Duration,
        port: &TcpPort,
        key: &FlowKey,
        syn: &[u8],
        why: ConnectFailure,
        link: &mut dyn Link,
    ) {
        match why {
            ConnectFailure::Refused | ConnectFailure::Prohibited => {
                self.port(now, port, link).reset(instant(now), syn, link);
            }
            ConnectFailure::Unreachable => unreachable::send(port.id, key.machine.ip(), key.peer.ip(), syn, link),
            // The machine's own time limit counts.
            ConnectFailure::TimedOut => {}
        }
    }

    /// A machine that asks for a connection anew has forgotten the one that it had between the same ports: it was started again. smoltcp
    /// leaves such a SYN unanswered. The reset that goes to the machine is for a connection that it does not have, and ignored there.
    pub(super) fn abort_forgotten(
        &mut self,
        now: Duration,
        key: &FlowKey,
        request: &TcpPacket<&[u8]>,
        link: &mut dyn Link,
    ) {
        let Some(&id) = self.bound.get(key) else {
            return;
        };
        self.settle_flow(now, id, link);
        if let Some(connection) = self.connection(id)
            && connection.is_forgotten_by(request)
        {
            connection.abort();
            // At once, also if the reset has to wait: the next connection has the key.
            self.unbind(id);
            self.advance(now, id, usize::MAX, link);
        }
    }
}
