//! One connection to a machine: smoltcp's socket, and the bytes between its rings and the peer.
//!
//! Bytes go straight between the rings and the peer's socket. What the peer does not take stays in the ring, so that the machine's window
//! closes; what the machine does not acknowledge stays in the other one, so that nothing is read from the peer.

mod transfer;

use std::fmt;
use std::time::Duration;

use smoltcp::iface::{Interface, PollResult, SocketHandle, SocketSet, SocketStorage};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::Instant;
use smoltcp::wire::{IpEndpoint, IpListenEndpoint, TcpPacket, TcpSeqNumber};

use super::clock::since_begin;
use super::device::PacketDevice;
use super::{FlowKey, TcpPort};
use crate::link::Link;
use crate::{Close, FlowId};

/// How long a machine may take to complete a handshake.
const HANDSHAKE_LIMIT: smoltcp::time::Duration = smoltcp::time::Duration::from_secs(60);

/// How long a machine may leave unanswered what it was sent, data as well as probes, before the connection is reset. A machine that is
/// paused for longer loses its connections.
const SILENCE_LIMIT: smoltcp::time::Duration = smoltcp::time::Duration::from_secs(5 * 60);

/// How often a machine that says nothing is asked whether it still knows the connection. Linux's two hours suit the Internet; here an
/// answer costs next to nothing, and connections of a machine that forgot them hold memory.
const KEEP_ALIVE: smoltcp::time::Duration = smoltcp::time::Duration::from_secs(60);

/// When a connection looks that it has something to send and does not send it: not seen, but no reason to spin.
const SECOND_LOOK: Duration = Duration::from_millis(10);

/// What a connection needs while it is looked at.
pub(super) struct Scene<'a> {
    pub(super) now: Instant,
    pub(super) flow: FlowId,
    pub(super) port: TcpPort,
    pub(super) interface: &'a mut Interface,
    pub(super) link: &'a mut dyn Link,
    /// What is left of its turn, in bytes of packets. The last packet may be longer.
    pub(super) quantum_bytes: usize,
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// For an event, or for a time if there is one.
    Wait(Option<Duration>),
    /// For its turn when its machine takes frames.
    Turn,
    /// For nothing: it has ended.
    Remove,
}

pub(super) struct Connection {
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    ring_bytes: usize,
    /// Of the SYN by which the machine asked for the connection, if it did.
    syn_sequence: Option<TcpSeqNumber>,
    is_established: bool,
    /// The machine's FIN is there, so that everything it sent is in the ring or further.
    has_machine_ended: bool,
    /// The acknowledgement of the machine's FIN is sent, and it knows everything. TIME-WAIT is not kept: nobody but the machine could
    /// reuse the pair of ports, and a FIN that comes again is answered by a reset, which ends its side as well.
    is_last_ack_sent: bool,
    /// The peer may have sent something: readiness is told once.
    may_read: bool,
    /// The peer may take something.
    may_write: bool,
    has_peer_ended: bool,
    is_finish_told: bool,
    is_peer_open: bool,
}

/// Without the contents of the rings.
impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let socket = self.sockets.get::<Socket<'_>>(self.handle);
        formatter
            .debug_struct("Connection")
            .field("state", &socket.state())
            .field("to_machine_bytes", &socket.send_queue())
            .field("to_peer_bytes", &socket.recv_queue())
            .field("ring_bytes", &self.ring_bytes)
            .field("may_read", &self.may_read)
            .field("may_write", &self.may_write)
            .field("has_peer_ended", &self.has_peer_ended)
            .field("has_machine_ended", &self.has_machine_ended)
            .field("is_peer_open", &self.is_peer_open)
            .finish_non_exhaustive()
    }
}

impl Connection {
    fn new(ring_bytes: usize, syn_sequence: Option<TcpSeqNumber>) -> Self {
        let ring = || SocketBuffer::new(vec![0; ring_bytes]);
        let mut socket = Socket::new(ring(), ring());
        // Nothing waits to be sent together with what may follow: on a socket pair a frame costs less than the wait.
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        socket.set_keep_alive(Some(KEEP_ALIVE));
        socket.set_timeout(Some(HANDSHAKE_LIMIT));
        let mut sockets = SocketSet::new(vec![SocketStorage::EMPTY]);
        let handle = sockets.add(socket);
        Self {
            sockets,
            handle,
            ring_bytes,
            syn_sequence,
            is_established: false,
            has_machine_ended: false,
            is_last_ack_sent: false,
            may_read: true,
            may_write: true,
            has_peer_ended: false,
            is_finish_told: false,
            is_peer_open: true,
        }
    }

    /// Waits for the machine's SYN, which has this sequence number.
    pub(super) fn to_peer(key: &FlowKey, ring_bytes: usize, syn_sequence: TcpSeqNumber) -> Self {
        let mut connection = Self::new(ring_bytes, Some(syn_sequence));
        let peer = IpListenEndpoint::from(IpEndpoint::from(key.peer));
        // Cannot fail for a port that is not zero; a socket that does not listen is removed at its first look.
        let _ = connection.socket().listen(peer);
        connection
    }

    /// Connects to the machine.
    pub(super) fn to_machine(key: &FlowKey, ring_bytes: usize, interface: &mut Interface) -> Self {
        let mut connection = Self::new(ring_bytes, None);
        let (machine, peer) = (IpEndpoint::from(key.machine), IpEndpoint::from(key.peer));
        // As above.
        let _ = connection.socket().connect(interface.context(), machine, peer);
        connection
    }

    pub(super) fn ring_bytes(&self) -> usize {
        self.ring_bytes
    }

    pub(super) fn is_peer_open(&self) -> bool {
        self.is_peer_open
    }

    /// Whether a SYN of the machine is for another connection than this one. The same SYN comes again when its answer was late.
    pub(super) fn is_forgotten_by(&self, request: &TcpPacket<&[u8]>) -> bool {
        self.is_established && self.syn_sequence != Some(request.seq_number())
    }

    pub(super) fn abort(&mut self) {
        self.socket().abort();
    }

    pub(super) fn set_readable(&mut self) {
        self.may_read = !self.has_peer_ended;
    }

    pub(super) fn set_writable(&mut self) {
        self.may_write = true;
    }

    /// One word for lists.
    pub(super) fn state_word(&self) -> &'static str {
        match self.sockets.get::<Socket<'_>>(self.handle).state() {
            State::Listen | State::SynSent | State::SynReceived => "connecting",
            State::Established => "established",
            State::Closed => "closed",
            _ => "closing",
        }
    }

    /// Whether the machine has nothing to do with this connection any more. What it sent may still be on its way to the peer.
    pub(super) fn has_machine_left(&self) -> bool {
        let socket = self.sockets.get::<Socket<'_>>(self.handle);
        match socket.state() {
            // As long as an endpoint is there, a reset has to be sent to it.
            State::Closed => socket.remote_endpoint().is_none(),
            State::TimeWait => self.is_last_ack_sent,
            _ => false,
        }
    }

    /// Takes a packet. [`Self::advance`] makes something of it. Returns how many bytes wait for the peer.
    pub(super) fn take(&mut self, scene: &mut Scene<'_>, packet: &[u8]) -> usize {
        let mut device = PacketDevice::new(scene.port, Some(packet), scene.link);
        scene
            .interface
            .poll_ingress_single(scene.now, &mut device, &mut self.sockets);
        self.socket().recv_queue()
    }

    /// Moves what can be moved and sends what can be sent. Each way this is one ring full of bytes at most, so that other connections get
    /// their turn.
    pub(super) fn advance(&mut self, scene: &mut Scene<'_>) -> Next {
        loop {
            self.note_state(scene);
            self.move_bytes(scene);
            self.end_machine();
            let before = self.socket().state();
            self.send_segments(scene);
            // Sending is also what finds that a time limit has passed.
            if self.socket().state() == before {
                return self.next(scene);
            }
        }
    }

    fn socket(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    fn note_state(&mut self, scene: &mut Scene<'_>) {
        match self.socket().state() {
            // Closing drops a socket that listens again after a reset, or because what was no SYN was fed to it.
            State::Listen => {
                self.socket().close();
                self.close_peer(scene, Close::Reset);
            }
            // After the machine's FIN nothing is missing of what it sent, and a reset says only that it takes no more.
            State::Closed if !self.has_machine_ended => self.close_peer(scene, Close::Reset),
            State::Closed | State::SynSent | State::SynReceived => {}
            state => {
                if !self.is_established {
                    self.is_established = true;
                    self.socket().set_timeout(Some(SILENCE_LIMIT));
                }
                self.has_machine_ended |= matches!(
                    state,
                    State::CloseWait | State::Closing | State::LastAck | State::TimeWait
                );
            }
        }
    }

    fn send_segments(&mut self, scene: &mut Scene<'_>) {
        while scene.quantum_bytes > 0 && !self.has_machine_left() && scene.link.is_open(scene.port.id) {
            let is_last_ack = self.socket().state() == State::TimeWait;
            let mut device = PacketDevice::new(scene.port, None, scene.link);
            let result = scene.interface.poll_egress(scene.now, &mut device, &mut self.sockets);
            scene.quantum_bytes = scene.quantum_bytes.saturating_sub(device.sent_bytes());
            // Never twice in TIME-WAIT: at its end smoltcp empties the rings, of which the peer may not have everything.
            self.is_last_ack_sent |= is_last_ack;
            if result == PollResult::None {
                return;
            }
        }
    }

    fn next(&mut self, scene: &mut Scene<'_>) -> Next {
        if self.has_machine_left() {
            return if self.is_peer_open {
                Next::Wait(None)
            } else {
                Next::Remove
            };
        }
        let Some(at) = scene.interface.poll_at(scene.now, &self.sockets) else {
            return Next::Wait(None);
        };
        if at > scene.now {
            Next::Wait(Some(since_begin(at)))
        } else if scene.quantum_bytes == 0 || !scene.link.is_open(scene.port.id) {
            Next::Turn
        } else {
            Next::Wait(Some(since_begin(scene.now) + SECOND_LOOK))
        }
    }
}
