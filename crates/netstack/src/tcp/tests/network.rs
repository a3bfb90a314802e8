//! Machine, flows and world in one, with the time between them.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use smoltcp::wire::{Ipv4Packet, Ipv6Packet, TcpPacket};

use super::machine::{IPV4, IPV6, Machine};
use super::world::World;
use crate::tcp::clock::{instant, since_begin};
use crate::tcp::random::SplitMix64;
use crate::tcp::{IpPacket, TcpFlows, TcpPort};
use crate::{ConnectFailure, Destination, FlowId, Limits, PortId};

pub(super) const PORT: PortId = PortId(7);

/// What a step takes when packets are under way.
const STEP: Duration = Duration::from_micros(200);

/// What happens to packets, each in a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weather {
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) late: u64,
    /// Steps in which the machine takes no frames.
    pub(super) full: u64,
}

/// What becomes of an attempt to connect to a peer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dial {
    Connects,
    Fails(ConnectFailure),
    /// Nothing comes of it.
    Hangs,
}

pub(super) struct Network {
    pub(super) flows: TcpFlows,
    pub(super) world: World,
    pub(super) machine: Machine,
    pub(super) port: TcpPort,
    pub(super) now: Duration,
    pub(super) weather: Weather,
    pub(super) dial: Dial,
    /// Whether what the machine sends in one step comes in one burst.
    pub(super) is_bursty: bool,
    /// Where every destination leads, if not to itself.
    pub(super) to: Option<Result<Destination, ConnectFailure>>,
    late: [VecDeque<Vec<u8>>; 2],
    random: SplitMix64,
}

impl Network {
    pub(super) fn new() -> Self {
        Self::with(1500, Limits::default(), 1)
    }

    pub(super) fn with(mtu_bytes: u16, limits: Limits, seed: u64) -> Self {
        Self {
            flows: TcpFlows::new(&limits, seed),
            world: World::new(),
            machine: Machine::new(mtu_bytes),
            port: TcpPort { id: PORT, mtu_bytes },
            now: Duration::from_secs(1000),
            weather: Weather::default(),
            dial: Dial::Connects,
            is_bursty: false,
            to: None,
            late: Default::default(),
            random: SplitMix64::new(!seed),
        }
    }

    /// A client that was accepted for port 80 of the machine.
    pub(super) fn accept(&mut self, is_ipv6: bool) -> Option<FlowId> {
        let (machine, peer): (IpAddr, IpAddr) = if is_ipv6 {
            (IPV6.into(), "fd00::1".parse().unwrap())
        } else {
            (IPV4.into(), "10.1.0.1".parse().unwrap())
        };
        let (machine, peer) = (SocketAddr::new(machine, 80), SocketAddr::new(peer, 0));
        self.flows
            .accepted(self.now, &self.port, machine, peer, &mut self.world)
    }

    /// Runs for some time.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.run_until(time, |network| network.now >= end);
        self.now = self.now.max(end);
    }

    /// Runs until `is_done`, for `limit` at most. Whether it was.
    pub(super) fn run_until(&mut self, limit: Duration, mut is_done: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.now + limit;
        loop {
            let is_quiet = !self.step();
            if is_done(self) {
                return true;
            }
            if self.now >= end {
                return false;
            }
            self.now = if is_quiet {
                let machine = self.machine.interface.poll_at(instant(self.now), &self.machine.sockets);
                let next = [machine.map(since_begin), self.flows.poll_at()];
                let next = next.into_iter().flatten().min().unwrap_or(end);
                next.clamp(self.now + Duration::from_micros(1), end)
            } else {
                self.now + STEP
            };
        }
    }

    /// Tells the flow that its peer may be read from and written to again.
    pub(super) fn wake(&mut self, flow: FlowId) {
        self.flows.readable(self.now, flow, &mut self.world);
        self.flows.writable(self.now, flow, &mut self.world);
    }

    /// Takes one packet as if the machine had sent it.
    pub(super) fn take(&mut self, packet: &[u8]) {
        let (source, destination, payload): (IpAddr, IpAddr, _) = if packet[0] >> 4 == 4 {
            let packet = Ipv4Packet::new_checked(packet).unwrap();
            (packet.src_addr().into(), packet.dst_addr().into(), packet.payload())
        } else {
            let packet = Ipv6Packet::new_checked(packet).unwrap();
            (packet.src_addr().into(), packet.dst_addr().into(), packet.payload())
        };
        let port = u16::from_be_bytes([payload[2], payload[3]]);
        let remote = Destination::Remote(SocketAddr::new(destination, port));
        let packet = IpPacket {
            source,
            destination,
            bytes: packet,
            payload,
        };
        let to = self.to.unwrap_or(Ok(remote));
        self.flows.segment(self.now, &self.port, packet, to, &mut self.world);
        if !self.is_bursty {
            self.settle();
        }
    }

    pub(super) fn settle(&mut self) {
        self.flows.settle(self.now, &mut self.world);
        assert!(self.flows.unsettled.is_empty());
    }

    fn is_hit(&mut self, of_thousand: u64) -> bool {
        of_thousand > 0 && self.random.next_u64() % 1000 < of_thousand
    }

    /// What arrives when `packet` is sent, in one of two directions.
    fn weathered(&mut self, direction: usize, packet: Vec<u8>) -> Vec<Vec<u8>> {
        let is_spared = is_fin(&packet) && self.weather.lost < 1000;
        if self.is_hit(self.weather.lost) && !is_spared {
            return Vec::new();
        }
        if self.is_hit(self.weather.late) && !is_spared {
            self.late[direction].push_back(packet);
            return Vec::new();
        }
        let mut arrives = vec![packet];
        if self.is_hit(self.weather.doubled) {
            arrives.push(arrives[0].clone());
        }
        arrives.extend(self.late[direction].pop_front());
        arrives
    }

    /// Whether anything happened.
    fn step(&mut self) -> bool {
        let mut has_happened = false;
        self.machine.work(instant(self.now));
        while let Some(packet) = self.machine.card.sent.pop_front() {
            has_happened = true;
            for packet in self.weathered(0, packet) {
                self.take(&packet);
            }
        }
        self.settle();
        while let Some(flow) = self.world.dialled.pop_front() {
            match self.dial {
                Dial::Connects => self.flows.connected(self.now, flow, &mut self.world),
                Dial::Fails(why) => self.flows.failed(self.now, flow, why, &mut self.world),
                Dial::Hangs => {}
            }
        }
        if self.flows.poll_at().is_some_and(|at| at <= self.now) {
            self.flows.poll(self.now, &mut self.world);
            assert!(self.flows.poll_at().is_none_or(|at| at > self.now), "would spin");
        }
        if self.is_hit(self.weather.full) {
            return true;
        }
        while let Some(packet) = self.world.queue.pop_front() {
            has_happened = true;
            let arrives = self.weathered(1, packet);
            self.machine.card.received.extend(arrives);
        }
        if !self.world.held_back.is_empty() || self.world.capacity != usize::MAX {
            let held_back = std::mem::take(&mut self.world.held_back);
            self.world.queue.extend(held_back);
            self.flows.port_writable(self.now, PORT, &mut self.world);
            has_happened |= !self.world.queue.is_empty();
        }
        has_happened
    }

    /// Asserts that nothing is left of any flow.
    pub(super) fn assert_empty(&self) {
        assert_eq!(self.flows.views().collect::<Vec<_>>(), []);
        assert!(self.flows.bound.is_empty());
        for port in self.flows.ports.values() {
            assert_eq!((port.flows, port.dialling), (0, 0), "{port:?}");
            let limits = &self.flows.limits;
            let fresh =
                super::super::rings::RingBudget::new(limits.tcp_buffer_bytes_per_port, limits.tcp_flows_per_port);
            assert_eq!(format!("{:?}", port.rings), format!("{fresh:?}"));
        }
        assert_eq!(self.flows.deadlines.earliest(), None);
        for (flow, peer) in &self.world.peers {
            assert!(
                peer.close.is_some() || matches!(self.dial, Dial::Fails(_)),
                "{flow:?} is left open"
            );
        }
    }
}

/// smoltcp forgets to repeat a FIN that was lost when three duplicate acknowledgements follow, so that the bad weather spares those. A
/// machine's kernel would have to drop one that it has received.
fn is_fin(packet: &[u8]) -> bool {
    let header_bytes = if packet[0] >> 4 == 4 { 20 } else { 40 };
    TcpPacket::new_checked(&packet[header_bytes..]).is_ok_and(|segment| segment.fin())
}
