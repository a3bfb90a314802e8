//! What is known of one flow.

use std::time::Duration;

use smoltcp::wire::TcpSeqNumber;

use super::FlowKey;
use super::connection::Connection;
use super::turns::Turn;
use crate::{FlowDirection, FlowTransport, FlowView};

/// How far a flow is.
#[derive(Debug)]
pub(super) enum FlowState {
    /// The peer is being connected to. The machine hears of it only then, so that it is refused what the peer refuses.
    Dialling {
        /// The machine's SYN, a whole packet.
        syn: Box<[u8]>,
        /// The SYN's sequence number.
        sequence: TcpSeqNumber,
    },
    /// There is a connection to the peer.
    Open(Box<Connection>),
}

#[derive(Debug)]
pub(super) struct Flow {
    pub(super) key: FlowKey,
    pub(super) direction: FlowDirection,
    pub(super) state: FlowState,
    /// What stands in the deadlines.
    pub(super) deadline: Option<Duration>,
    /// What stands in the port's turns.
    pub(super) turn: Option<Turn>,
    /// Whether segments with its key are its own.
    pub(super) is_bound: bool,
    /// Whether it stands among the unsettled flows.
    pub(super) is_unsettled: bool,
}

impl Flow {
    pub(super) fn new(key: FlowKey, direction: FlowDirection, state: FlowState) -> Self {
        Self {
            key,
            direction,
            state,
            deadline: None,
            turn: None,
            is_bound: true,
            is_unsettled: false,
        }
    }

    pub(super) fn view(&self) -> FlowView {
        FlowView {
            transport: FlowTransport::Tcp,
            port: self.key.port,
            machine: self.key.machine,
            peer: self.key.peer,
            direction: self.direction,
            state: match &self.state {
                FlowState::Dialling { .. } => "dialling",
                FlowState::Open(connection) => connection.state_word(),
            },
        }
    }
}
