//! Whatever machines send: no panic, valid frames, each for the machine that is sent it, and bounded memory.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::made::{arp, echo_request, icmpv6, seen, udp};
use super::{Asked, FakeOutside, GATEWAY_MAC, machine, network};
use crate::fragmentation::cut_ipv4;
use crate::{ConnectFailure, Limits, NetworkParameters, PortId, Stack};

const LIMITS: Limits = Limits {
    tcp_flows_per_port: 8,
    tcp_buffer_bytes_per_port: 1 << 20,
    udp_flows_per_port: 3,
    echo_flows_per_port: 2,
    queued_bytes_per_port: 20_000,
    reassembled_datagrams_per_port: 3,
    reassembly_bytes_per_port: 8_000,
};

/// What happens to a network.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Frame(usize, Vec<u8>),
    Full(usize, bool),
    Elapse(u64),
    Answer(usize),
    Connect(usize),
    Refuse(usize),
    Accept(usize, bool),
    Remove(usize),
}

/// Addresses with a meaning, and one outside.
fn address() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "10.9.0.1",
        "10.9.0.2",
        "10.9.0.3",
        "10.9.0.4",
        "10.9.0.77",
        "10.9.0.254",
        "10.9.0.255",
        "192.0.2.1",
        "224.0.0.1",
        "127.0.0.1",
        "255.255.255.255",
        "fd00:9::1",
        "fd00:9::2",
        "fd00:9::3",
        "fd00:9::fe",
        "2001:db8::1",
        "ff02::1",
        "fe80::9ff:fe00:103",
        "fe80::9ff:fe00:1",
        "::1",
        "::",
    ])
}

fn mac() -> impl Strategy<Value = [u8; 6]> {
    prop::sample::select(vec![
        GATEWAY_MAC,
        machine(2, 1500).mac,
        machine(3, 1500).mac,
        machine(4, 1500).mac,
        [0xff; 6],
        [0x33, 0x33, 0, 0, 0, 1],
    ])
}

fn frame() -> impl Strategy<Value = (usize, Vec<u8>)> {
    let payload = || vec(any::<u8>(), 0..3000);
    let made = (0..3_usize, mac(), address(), address(), payload(), any::<[u8; 8]>()).prop_map(
        |(index, mac, to, from, payload, dice)| {
            let own = machine(index as u8 + 2, 1500);
            let number = index as u8 + 2;
            let target = to.parse().unwrap();
            let [kind, port, ..] = dice;
            let frame = match kind % 6 {
                0 => udp(number, mac, target, (u16::from(port), u16::from(dice[2])), &payload),
                1 => echo_request(number, mac, target, dice[3], &payload),
                2 => arp(
                    own.mac,
                    1 + dice[2] % 2,
                    (own.mac, own.ipv4),
                    [10, 9, 0, dice[3]].into(),
                ),
                3 if from.contains(':') && to.contains(':') => icmpv6(
                    own.mac,
                    mac,
                    from,
                    to,
                    [dice[2], dice[3] % 2],
                    &[&[0; 4], payload.as_slice()].concat(),
                ),
                4 => {
                    let frame = udp(number, mac, target, (u16::from(port), 53), &payload);
                    let pieces = if target.is_ipv4() {
                        cut_ipv4(&frame[14..], 400)
                    } else {
                        Vec::new()
                    };
                    let piece = pieces
                        .get(usize::from(dice[3]) % pieces.len().max(1))
                        .cloned()
                        .unwrap_or_default();
                    [&frame[..14], &piece].concat()
                }
                _ => [
                    mac.as_slice(),
                    &own.mac,
                    if dice[2] % 2 == 0 { &[8, 0] } else { &[0x86, 0xdd] },
                    &payload,
                ]
                .concat(),
            };
            (index, frame)
        },
    );
    // A few bytes changed, and the end cut off or prolonged.
    (
        made,
        vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        0..4_usize,
        any::<prop::sample::Index>(),
    )
        .prop_map(|((index, mut frame), changes, cut, end)| {
            for (at, byte) in changes {
                let at = at.index(frame.len());
                frame[at] = byte;
            }
            match cut {
                0 => frame.truncate(end.index(frame.len())),
                1 => frame.extend([7; 9]),
                _ => {}
            }
            (index, frame)
        })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => frame().prop_map(|(index, frame)| Step::Frame(index, frame)),
        1 => (0..3_usize, vec(any::<u8>(), 0..200)).prop_map(|(index, frame)| Step::Frame(index, frame)),
        2 => (0..3_usize, any::<bool>()).prop_map(|(index, is_full)| Step::Full(index, is_full)),
        2 => (0..40_u64).prop_map(Step::Elapse),
        3 => (0..5000_usize).prop_map(Step::Answer),
        1 => (0..10_usize).prop_map(Step::Connect),
        1 => (0..10_usize).prop_map(Step::Refuse),
        1 => (0..3_usize, any::<bool>()).prop_map(|(index, is_ipv6)| Step::Accept(index, is_ipv6)),
        1 => (0..30_usize).prop_map(Step::Remove),
    ]
}

/// A network of three machines that differ in their MTU.
pub(super) struct Run {
    stack: Stack,
    outside: FakeOutside,
    ports: Vec<(PortId, u16)>,
    flows: Vec<Asked>,
    now: Duration,
}

impl Run {
    pub(super) fn new() -> Self {
        let mut stack = Stack::new(
            NetworkParameters {
                limits: LIMITS,
                ..network()
            },
            1,
        );
        let mtus = [65_520, 1500, 1280];
        let ports = (2..)
            .zip(mtus)
            .map(|(number, mtu)| (stack.add_port(machine(number, mtu)).unwrap(), mtu))
            .collect();
        Self {
            stack,
            outside: FakeOutside::default(),
            ports,
            flows: Vec::new(),
            now: Duration::ZERO,
        }
    }

    pub(super) fn take(&mut self, step: Step) {
        let Self {
            stack,
            outside,
            ports,
            now,
            ..
        } = self;
        match step {
            Step::Frame(index, frame) => {
                stack.frame_of_burst(*now, ports[index].0, &frame, outside);
                // The others are in a burst with what follows.
                if frame.len() % 4 != 3 {
                    stack.end_burst(*now, outside);
                }
            }
            Step::Full(index, true) => {
                outside.full.insert(ports[index].0);
            }
            Step::Full(index, false) => {
                outside.full.remove(&ports[index].0);
                stack.port_writable(*now, ports[index].0, outside);
            }
            Step::Elapse(seconds) => {
                *now += Duration::from_secs(seconds);
                stack.poll(*now, outside);
            }
            Step::Answer(length) => match self.flows.get(length % 7) {
                Some(Asked::UdpSend(flow, ..)) => stack.udp_received(*now, *flow, &vec![1; length], outside),
                Some(Asked::EchoSend(flow, ..)) => stack.echo_received(*now, *flow, 3, &vec![1; length], outside),
                _ => {}
            },
            Step::Connect(index) => {
                if let Some(Asked::TcpConnect(flow, _)) = self.flows.get(index) {
                    stack.tcp_connected(*now, *flow, outside);
                }
            }
            Step::Refuse(index) => match self.flows.get(index) {
                Some(Asked::TcpConnect(flow, _)) => stack.tcp_failed(*now, *flow, ConnectFailure::Refused, outside),
                Some(Asked::UdpSend(flow, ..)) => stack.udp_refused(*now, *flow, outside),
                Some(Asked::EchoSend(flow, ..)) => stack.echo_refused(*now, *flow, 3, outside),
                _ => {}
            },
            Step::Accept(index, is_ipv6) => {
                stack.udp_accepted(*now, ports[index].0, 80, is_ipv6, None, b"client", outside);
                stack.tcp_accepted(*now, ports[index].0, 80, is_ipv6, None, outside);
            }
            Step::Remove(index) => {
                if let Some(port) = ports.get_mut(index) {
                    stack.remove_port(*now, port.0, outside);
                    port.0 = stack.add_port(machine(index as u8 + 2, port.1)).unwrap();
                }
            }
        }
    }

    /// Looks at all frames since the last time, and at what is held.
    pub(super) fn check(&mut self) {
        self.flows.extend(self.outside.take_asked());
        let excess = self.flows.len().saturating_sub(10);
        self.flows.drain(..excess);
        for (port, frame) in std::mem::take(&mut self.outside.frames) {
            let index = self
                .ports
                .iter()
                .position(|(id, _)| *id == port)
                .expect("a port that is there");
            let own = machine(index as u8 + 2, self.ports[index].1);
            let is_for_it = frame[..6] == own.mac || frame[0] & 1 == 1;
            assert!(is_for_it, "{frame:02x?}");
            assert!(
                frame[6..12] != own.mac && frame.len() <= 14 + usize::from(own.mtu_bytes),
                "{frame:02x?}"
            );
            // What machines say to each other is what they made of it.
            if frame[6..12] == GATEWAY_MAC && !is_of_machine(&frame) {
                seen(&frame);
            }
        }
        for (port, _) in &self.ports {
            let limit = LIMITS.queued_bytes_per_port + LIMITS.reassembly_bytes_per_port;
            assert!(self.stack.held_bytes(*port).unwrap() <= limit);
            let flows = self.stack.flows().filter(|view| view.port == *port).count();
            let limit = LIMITS.tcp_flows_per_port + LIMITS.udp_flows_per_port + LIMITS.echo_flows_per_port;
            assert!(flows <= limit);
        }
    }
}

/// Whether a packet is from a machine, and the gateway has only passed it on.
fn is_of_machine(frame: &[u8]) -> bool {
    (2..5)
        .map(|number| machine(number, 1500))
        .any(|own| match frame[12..14] {
            [8, 0] => frame[26..30] == own.ipv4.octets(),
            [0x86, 0xdd] => frame[22..38] == own.ipv6.octets() && frame[54] != 136,
            _ => false,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_frames_lead_to_valid_frames_for_the_right_machine_within_bounds(steps in vec(step(), 1..60)) {
        let mut run = Run::new();
        for step in steps {
            run.take(step);
            run.check();
        }
    }
}
