//! The world as tests make it: peers that send and take what they are told to, and a socket to the machine that can be full.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::link::Link;
use crate::{Close, Destination, FlowId, Outside, PortId, Read, Sent, Wrote};

/// What the peer and the machine send each other: byte `at` of it.
pub(super) fn pattern(at: usize) -> u8 {
    (at ^ (at >> 8).wrapping_mul(31) ^ (at >> 16).wrapping_mul(7)).to_le_bytes()[0]
}

/// A peer, which counts and compares.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) to: Option<Destination>,
    pub(super) to_send: usize,
    pub(super) sent: usize,
    /// Whether it ends after what it has to send.
    pub(super) ends: bool,
    pub(super) is_broken: bool,
    /// How many bytes it takes before it is full.
    pub(super) room: usize,
    pub(super) received: usize,
    /// How often it took bytes.
    pub(super) writes: usize,
    pub(super) is_finished: bool,
    pub(super) close: Option<Close>,
    /// Whether what the machine sends is not compared.
    pub(super) is_unchecked: bool,
    /// How many bytes it gives and takes at a time at most.
    pub(super) step: usize,
}

impl Peer {
    fn new(to: Option<Destination>) -> Self {
        Self {
            to,
            to_send: 0,
            sent: 0,
            ends: false,
            is_broken: false,
            room: usize::MAX,
            received: 0,
            writes: 0,
            is_finished: false,
            close: None,
            is_unchecked: false,
            step: usize::MAX,
        }
    }
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) peers: BTreeMap<FlowId, Peer>,
    /// Flows whose peers are to be connected to.
    pub(super) dialled: VecDeque<FlowId>,
    /// Packets in the machine's socket.
    pub(super) queue: VecDeque<Vec<u8>>,
    /// Packets held back, because there were as many as `capacity`.
    pub(super) held_back: VecDeque<Vec<u8>>,
    pub(super) capacity: usize,
    next_flow: u64,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            peers: BTreeMap::new(),
            dialled: VecDeque::new(),
            queue: VecDeque::new(),
            held_back: VecDeque::new(),
            capacity: usize::MAX,
            next_flow: 0,
        }
    }

    pub(super) fn peer(&mut self, flow: FlowId) -> &mut Peer {
        self.peers.get_mut(&flow).unwrap()
    }

    /// A peer of which something may still be asked.
    fn open_peer(&mut self, flow: FlowId) -> &mut Peer {
        let peer = self.peer(flow);
        assert_eq!(peer.close, None, "something is asked of a closed flow");
        peer
    }

    /// The flow that was made last.
    pub(super) fn last_flow(&self) -> FlowId {
        *self.peers.last_key_value().unwrap().0
    }
}

impl Link for World {
    fn is_open(&self, _port: PortId) -> bool {
        self.held_back.is_empty() && self.queue.len() < self.capacity
    }

    fn send_ip(&mut self, _port: PortId, length: usize, fill: &mut dyn FnMut(&mut [u8])) {
        let mut packet = vec![0; length];
        fill(&mut packet);
        if self.held_back.is_empty() && self.queue.len() < self.capacity {
            self.queue.push_back(packet);
        } else {
            self.held_back.push_back(packet);
        }
    }

    fn new_flow_id(&mut self) -> FlowId {
        self.next_flow += 1;
        let flow = FlowId(self.next_flow);
        self.peers.insert(flow, Peer::new(None));
        flow
    }

    fn outside(&mut self) -> &mut dyn Outside {
        self
    }
}

impl Outside for World {
    fn send_frame(&mut self, _port: PortId, _frame: &[u8]) -> Sent {
        unreachable!("flows send by the link");
    }

    fn tcp_connect(&mut self, flow: FlowId, to: Destination) {
        self.open_peer(flow).to = Some(to);
        self.dialled.push_back(flow);
    }

    fn tcp_write(&mut self, flow: FlowId, bytes: &[u8]) -> Wrote {
        let peer = self.open_peer(flow);
        assert!(!bytes.is_empty());
        assert!(!peer.is_finished, "the machine sent more after its end");
        if peer.is_broken {
            return Wrote::Broken;
        }
        let taken = bytes.len().min(peer.room).min(peer.step);
        if taken == 0 {
            return Wrote::Full;
        }
        for (at, byte) in (peer.received..).zip(&bytes[..taken]) {
            assert!(peer.is_unchecked || *byte == pattern(at), "byte {at} of the machine");
        }
        peer.received += taken;
        peer.writes += 1;
        peer.room -= taken;
        Wrote::Bytes(taken)
    }

    fn tcp_read(&mut self, flow: FlowId, buffer: &mut [u8]) -> Read {
        let peer = self.open_peer(flow);
        assert!(!buffer.is_empty());
        if peer.is_broken {
            return Read::Broken;
        }
        let given = buffer.len().min(peer.to_send - peer.sent).min(peer.step);
        if given == 0 {
            return if peer.ends { Read::End } else { Read::Empty };
        }
        for (at, byte) in (peer.sent..).zip(&mut buffer[..given]) {
            *byte = pattern(at);
        }
        peer.sent += given;
        Read::Bytes(given)
    }

    fn tcp_finish(&mut self, flow: FlowId) {
        let peer = self.open_peer(flow);
        assert!(!peer.is_finished, "finished twice");
        peer.is_finished = true;
    }

    fn tcp_close(&mut self, flow: FlowId, how: Close) {
        self.open_peer(flow).close = Some(how);
    }

    fn udp_send(&mut self, _flow: FlowId, _to: Destination, _payload: &[u8]) {
        unreachable!();
    }

    fn udp_answer(&mut self, _flow: FlowId, _payload: &[u8]) {
        unreachable!();
    }

    fn udp_close(&mut self, _flow: FlowId) {
        unreachable!();
    }

    fn echo_send(&mut self, _flow: FlowId, _to: IpAddr, _sequence: u16, _payload: &[u8]) {
        unreachable!();
    }

    fn echo_close(&mut self, _flow: FlowId) {
        unreachable!();
    }
}
