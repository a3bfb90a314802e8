//! What the state machine asks of the world.

use std::net::{IpAddr, SocketAddr};

/// A machine's port of the switch. Never used again for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortId(pub u32);

/// A connection, or an exchange of datagrams or echoes, between a machine and one peer outside. Never used again for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub u64);

/// Where a flow of a machine leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Destination {
    /// To a peer that is not one of the network's, and neither the host's loopback nor link-local.
    Remote(SocketAddr),
    /// To a port on the host's loopback, through the host-access address. Of its two addresses the one of this family is tried first.
    HostLoopback {
        /// The port.
        port: u16,
        /// Whether the machine used IPv6.
        is_ipv6: bool,
    },
    /// To a service of the gateway.
    Service(Service),
}

/// A service of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Names, port 53.
    Dns,
}

/// What became of a frame for a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Its socket has it.
    Taken,
    /// Its socket is full, and the frame was not taken. [`crate::Stack::port_writable`] is called when it is no longer so.
    Full,
    /// Its socket is gone.
    Gone,
}

/// What became of bytes for a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrote {
    /// So many, at least one, were taken.
    Bytes(usize),
    /// None; [`crate::Stack::tcp_writable`] is called when that has changed.
    Full,
    /// The connection is broken.
    Broken,
}

/// What a peer has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// So many bytes, at least one, were put into the buffer.
    Bytes(usize),
    /// Nothing yet; [`crate::Stack::tcp_readable`] is called when that has changed.
    Empty,
    /// It will send no more.
    End,
    /// The connection is broken.
    Broken,
}

/// How a connection to a peer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// As both sides wanted it.
    Orderly,
    /// By a reset.
    Reset,
}

/// Why a peer could not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectFailure {
    /// It refused.
    Refused,
    /// There is no way to it.
    Unreachable,
    /// It did not answer.
    TimedOut,
    /// This host does not allow it.
    Prohibited,
}

/// The world outside of the switch. No call blocks, and none calls the state machine.
pub trait Outside {
    /// Sends a frame to a machine.
    fn send_frame(&mut self, port: PortId, frame: &[u8]) -> Sent;

    /// Begins to connect to a peer. [`crate::Stack::tcp_connected`] or [`crate::Stack::tcp_failed`] follows, not from within.
    fn tcp_connect(&mut self, flow: FlowId, to: Destination);

    /// Gives bytes to the peer of a connection.
    fn tcp_write(&mut self, flow: FlowId, bytes: &[u8]) -> Wrote;

    /// Takes bytes from the peer of a connection into `buffer`, which is not empty.
    fn tcp_read(&mut self, flow: FlowId, buffer: &mut [u8]) -> Read;

    /// The machine sends no more; the peer may.
    fn tcp_finish(&mut self, flow: FlowId);

    /// Ends a connection, or the attempt to make one. Nothing is asked of the flow afterwards.
    fn tcp_close(&mut self, flow: FlowId, how: Close);

    /// Sends a machine's datagram. The first one of a flow makes its socket.
    fn udp_send(&mut self, flow: FlowId, to: Destination, payload: &[u8]);

    /// Sends a machine's answer to a client of a published port, in the flow that [`crate::Stack::udp_accepted`] gave.
    fn udp_answer(&mut self, flow: FlowId, payload: &[u8]);

    /// Forgets a flow of datagrams.
    fn udp_close(&mut self, flow: FlowId);

    /// Sends an echo request. The first one of a flow makes its socket.
    fn echo_send(&mut self, flow: FlowId, to: IpAddr, sequence: u16, payload: &[u8]);

    /// Forgets a flow of echoes.
    fn echo_close(&mut self, flow: FlowId);
}
