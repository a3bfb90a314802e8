//! What can be seen of the state from outside.

use std::net::SocketAddr;

use crate::PortId;

/// What a flow carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlowTransport {
    /// A TCP connection.
    Tcp,
    /// UDP datagrams.
    Udp,
    /// ICMP or ICMPv6 echoes. The identifier stands in for the machine's port, and the peer's port is 0.
    Echo,
}

/// Who began a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlowDirection {
    /// The machine.
    Outgoing,
    /// A client of a published port.
    Incoming,
}

/// One flow, for lists of what a network carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowView {
    /// What it carries.
    pub transport: FlowTransport,
    /// The machine's port of the switch.
    pub port: PortId,
    /// The machine's address.
    pub machine: SocketAddr,
    /// The peer's address as the machine sees it.
    pub peer: SocketAddr,
    /// Who began it.
    pub direction: FlowDirection,
    /// One word of what it is doing, in lower case.
    pub state: &'static str,
}

/// What went through a port, as the machine's interface counts it. Bytes are whole Ethernet frames without their check sequence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PortCounters {
    /// Bytes that the machine's socket took.
    pub received_bytes: u64,
    /// Frames that the machine's socket took.
    pub received_packets: u64,
    /// Frames for the machine that were dropped, because too many were held back or its socket was gone.
    pub received_dropped: u64,
    /// Bytes that came from the machine.
    pub sent_bytes: u64,
    /// Frames that came from the machine.
    pub sent_packets: u64,
    /// Frames that came from the machine and were dropped: malformed, or with addresses that are not its own.
    pub sent_dropped: u64,
}
