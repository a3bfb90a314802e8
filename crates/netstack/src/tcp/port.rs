//! What the flows of one port share.

use std::fmt;
use std::time::Duration;

use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::time::Instant;
use smoltcp::wire::HardwareAddress;

use super::TcpPort;
use super::clock::instant;
use super::connection::Scene;
use super::device::PacketDevice;
use super::rings::RingBudget;
use super::turns::Turns;
use crate::link::Link;
use crate::{FlowId, Limits};

/// Ports that a peer has towards a machine when it does not matter which. As many as there are above the ports of services, so that it
/// takes long until one comes again that the machine still has in TIME-WAIT.
const EPHEMERAL_PORTS: std::ops::RangeInclusive<u16> = 16384..=65535;

/// The interface of all connections of a port, and how much they take.
///
/// smoltcp's interface has neither sockets nor addresses here: it holds what is the same for all connections, and takes packets to every
/// address (`any_ip`). Each connection has a socket set of its own, so that a segment costs the same however many there are.
pub(super) struct PortFlows {
    pub(super) port: TcpPort,
    pub(super) interface: Interface,
    pub(super) flows: usize,
    pub(super) dialling: usize,
    pub(super) rings: RingBudget,
    pub(super) turns: Turns,
    next_ephemeral_port: u16,
}

impl fmt::Debug for PortFlows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PortFlows")
            .field("port", &self.port)
            .field("flows", &self.flows)
            .field("dialling", &self.dialling)
            .field("rings", &self.rings)
            .field("turns", &self.turns)
            .finish_non_exhaustive()
    }
}

impl PortFlows {
    /// `random` is what initial sequence numbers and the first ephemeral port are made from.
    pub(super) fn new(port: TcpPort, limits: &Limits, random: u64, now: Instant, link: &mut dyn Link) -> Self {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = random;
        let mut interface = Interface::new(config, &mut PacketDevice::new(port, None, link), now);
        interface.set_any_ip(true);
        let ephemeral_ports = u64::from(EPHEMERAL_PORTS.end() - EPHEMERAL_PORTS.start()) + 1;
        let first = u16::try_from((random >> 32) % ephemeral_ports).unwrap_or_default();
        Self {
            port,
            interface,
            flows: 0,
            dialling: 0,
            rings: RingBudget::new(limits.tcp_buffer_bytes_per_port, limits.tcp_flows_per_port),
            turns: Turns::default(),
            next_ephemeral_port: EPHEMERAL_PORTS.start() + first,
        }
    }

    /// What a connection needs while it is looked at.
    pub(super) fn scene<'a>(
        &'a mut self,
        now: Duration,
        flow: FlowId,
        quantum_bytes: usize,
        link: &'a mut dyn Link,
    ) -> Scene<'a> {
        Scene {
            now: instant(now),
            flow,
            port: self.port,
            interface: &mut self.interface,
            link,
            quantum_bytes,
        }
    }

    /// The next port of a peer for which `is_free` says so.
    pub(super) fn ephemeral_port(&mut self, is_free: impl Fn(u16) -> bool) -> Option<u16> {
        for _ in EPHEMERAL_PORTS {
            let port = self.next_ephemeral_port;
            self.next_ephemeral_port = if port == *EPHEMERAL_PORTS.end() {
                *EPHEMERAL_PORTS.start()
            } else {
                port + 1
            };
            if is_free(port) {
                return Some(port);
            }
        }
        None
    }

    /// Answers a packet to which no connection belongs by a reset; a reset by nothing.
    pub(super) fn reset(&mut self, now: Instant, packet: &[u8], link: &mut dyn Link) {
        let mut device = PacketDevice::new(self.port, Some(packet), link);
        self.interface
            .poll_ingress_single(now, &mut device, &mut SocketSet::new(Vec::new()));
    }
}
