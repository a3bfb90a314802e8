//! ICMP echoes between machines and sockets of the host.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::flow_table::FlowTable;
use crate::gateway_link::GatewayLink;
use crate::icmp::{EchoRequest, ICMP_HEADER_BYTES, Problem, send_echo_reply, send_problem};
use crate::ip::{Datagram, protocol};
use crate::link::Link;
use crate::packet::Header;
use crate::{ConnectFailure, FlowDirection, FlowId, FlowTransport, FlowView, Limits, PortId};

/// How long a flow without echoes is kept, as long as Linux keeps it (`nf_conntrack_icmp_timeout`).
const IDLE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct EchoKey {
    port: PortId,
    machine: IpAddr,
    identifier: u16,
    peer: IpAddr,
}

/// What is remembered of the last request, for an error that quotes it.
#[derive(Debug, Clone, Copy)]
struct EchoFlow {
    header: [u8; ICMP_HEADER_BYTES],
    is_answered: bool,
}

/// All flows of echoes of all ports.
#[derive(Debug)]
pub(crate) struct EchoFlows {
    table: FlowTable<EchoKey, EchoFlow>,
}

impl EchoFlows {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            table: FlowTable::new(limits.echo_flows_per_port),
        }
    }

    /// Sends a machine's echo request to a peer outside.
    pub(crate) fn request(
        &mut self,
        now: Duration,
        port: PortId,
        datagram: &Datagram<'_>,
        request: &EchoRequest<'_>,
        link: &mut GatewayLink<'_>,
    ) {
        let (machine, peer) = (datagram.source, datagram.destination);
        let key = EchoKey {
            port,
            machine,
            identifier: request.identifier,
            peer,
        };
        let id = self.table.find(&key).unwrap_or_else(|| {
            if let Some(id) = self.table.make_room(port) {
                link.outside().echo_close(id);
            }
            let id = link.new_flow_id();
            let flow = EchoFlow {
                header: [0; ICMP_HEADER_BYTES],
                is_answered: false,
            };
            self.table.insert(id, key, port, flow, now, IDLE);
            id
        });
        if let (Some(flow), Some(header)) = (self.table.get_mut(id), datagram.payload.first_chunk()) {
            flow.header = *header;
        }
        self.table.touch(id, now, IDLE);
        link.outside().echo_send(id, peer, request.sequence, request.payload);
    }

    /// Delivers an answer.
    pub(crate) fn received(
        &mut self,
        now: Duration,
        id: FlowId,
        sequence: u16,
        payload: &[u8],
        link: &mut GatewayLink<'_>,
    ) {
        let Some(flow) = self.table.get_mut(id) else { return };
        flow.is_answered = true;
        self.table.touch(id, now, IDLE);
        let Some((port, key, _)) = self.table.get(id) else {
            return;
        };
        send_echo_reply(link, port, key.peer, key.machine, key.identifier, sequence, payload);
    }

    /// Tells the machine that the host sends no echoes. `gateway` is who says so.
    pub(crate) fn refused(
        &self,
        id: FlowId,
        sequence: u16,
        gateway: impl Fn(IpAddr) -> IpAddr,
        link: &mut GatewayLink<'_>,
    ) {
        let Some((port, key, flow)) = self.table.get(id) else {
            return;
        };
        let number = if key.machine.is_ipv4() {
            protocol::ICMP
        } else {
            protocol::ICMPV6
        };
        let [kind, code, sum_high, sum_low, identifier_high, identifier_low, ..] = flow.header;
        let [high, low] = sequence.to_be_bytes();
        let request = [
            kind,
            code,
            sum_high,
            sum_low,
            identifier_high,
            identifier_low,
            high,
            low,
        ];
        let quote = Header::new(key.machine, key.peer, number).packet(0, &request);
        let problem = Problem::Unreachable(ConnectFailure::Prohibited);
        send_problem(link, port, gateway(key.peer), key.machine, problem, &quote);
    }

    /// Ends all flows of a port.
    pub(crate) fn forget_port(&mut self, port: PortId, link: &mut GatewayLink<'_>) {
        while let Some(id) = self.table.take_of(port) {
            link.outside().echo_close(id);
        }
    }

    /// Ends what has been idle for too long.
    pub(crate) fn poll(&mut self, now: Duration, link: &mut GatewayLink<'_>) {
        while let Some(id) = self.table.take_expired(now) {
            link.outside().echo_close(id);
        }
    }

    pub(crate) fn poll_at(&self) -> Option<Duration> {
        self.table.next_timer()
    }

    pub(crate) fn views(&self) -> impl Iterator<Item = FlowView> + '_ {
        self.table.iter().map(|(port, key, flow)| FlowView {
            transport: FlowTransport::Echo,
            port,
            machine: SocketAddr::new(key.machine, key.identifier),
            peer: SocketAddr::new(key.peer, 0),
            direction: FlowDirection::Outgoing,
            state: if flow.is_answered { "answered" } else { "unanswered" },
        })
    }
}
