//! The whole stack from outside: frames in, frames and what is asked of the world out.

mod echo;
mod fake_outside;
mod forwarding;
mod fragments;
mod isolation;
mod made;
mod neighbours;
mod properties;
mod queue;
mod seeds;
mod udp;

use std::time::Duration;

pub(crate) use fake_outside::{Asked, FakeOutside};

use crate::{Ipv4Parameters, Ipv6Parameters, Limits, NetworkParameters, PortId, PortParameters, Stack};

pub(crate) const GATEWAY_MAC: [u8; 6] = [2, 0, 9, 0, 0, 1];

/// 10.9.0.0/24 and fd00:9::/64.
pub(crate) fn network() -> NetworkParameters {
    NetworkParameters {
        gateway_mac: GATEWAY_MAC,
        ipv4: Ipv4Parameters {
            gateway: "10.9.0.1".parse().unwrap(),
            prefix_length: 24,
            host_access: Some("10.9.0.254".parse().unwrap()),
        },
        ipv6: Ipv6Parameters {
            gateway: "fd00:9::1".parse().unwrap(),
            prefix_length: 64,
            host_access: Some("fd00:9::fe".parse().unwrap()),
        },
        is_internal: false,
        limits: Limits::default(),
    }
}

/// The machine whose addresses end in `number`.
pub(crate) fn machine(number: u8, mtu_bytes: u16) -> PortParameters {
    PortParameters {
        mac: [2, 0, 9, 0, 1, number],
        ipv4: [10, 9, 0, number].into(),
        ipv6: [0xfd00, 9, 0, 0, 0, 0, 0, u16::from(number)].into(),
        mtu_bytes,
    }
}

/// A network of machines 2, 3 and 4 with the world around it.
pub(crate) struct Laboratory {
    pub(crate) stack: Stack,
    pub(crate) outside: FakeOutside,
    pub(crate) now: Duration,
    pub(crate) ports: Vec<PortId>,
}

impl Laboratory {
    pub(crate) fn new() -> Self {
        Self::of(network(), [1500, 1500, 1500])
    }

    pub(crate) fn of(network: NetworkParameters, mtu_bytes: [u16; 3]) -> Self {
        let mut stack = Stack::new(network, 7);
        let ports = (2..)
            .zip(mtu_bytes)
            .map(|(number, mtu)| stack.add_port(machine(number, mtu)).unwrap())
            .collect();
        Self {
            stack,
            outside: FakeOutside::default(),
            now: Duration::ZERO,
            ports,
        }
    }

    /// Sends a frame from machine 2.
    pub(crate) fn send(&mut self, frame: &[u8]) {
        self.stack.frame(self.now, self.ports[0], frame, &mut self.outside);
    }

    /// The frames that a machine was sent since the last call.
    pub(crate) fn received(&mut self, index: usize) -> Vec<Vec<u8>> {
        self.outside.take_frames(self.ports[index])
    }

    /// The only frame that machine 2 was sent since the last call; nobody else was sent any.
    pub(crate) fn only_answer(&mut self) -> Vec<u8> {
        let mut frames = self.received(0);
        assert_eq!(frames.len(), 1, "frames for the sender");
        assert!(self.outside.frames.is_empty(), "frames for others");
        frames.remove(0)
    }

    pub(crate) fn assert_silence(&mut self) {
        assert!(self.outside.frames.is_empty(), "{:x?}", self.outside.frames);
        assert!(self.outside.asked.is_empty(), "{:?}", self.outside.asked);
    }

    pub(crate) fn poll_after(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.stack.poll(self.now, &mut self.outside);
    }
}
