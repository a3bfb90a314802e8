//! What the state machine is to be told once it has returned from the call in which it happened.

use container_netstack::{ConnectFailure, FlowId};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happened {
    /// A connection stands.
    Connected(FlowId),
    /// It does not.
    ConnectFailed(FlowId, ConnectFailure),
    /// There may be bytes of the peer.
    Readable(FlowId),
    /// A machine connects to ask for names.
    NamesWanted(FlowId),
    /// A connection with questions about names may have more of them asked.
    MayAsk(FlowId),
    /// A datagram came for a flow.
    Datagram(FlowId, Vec<u8>),
    /// The peer's host has no such port.
    UdpRefused(FlowId),
    /// This host cannot send an echo.
    EchoRefused(FlowId, u16),
}
