//! The sockets of a network's process.

mod datagrams;
mod echo;
mod outside;
mod ports;
mod published;
mod tcp;
mod udp;

use std::collections::{HashMap, VecDeque};
use std::io;

use container_netstack::{FlowId, PortId};
use mio::Registry;

use super::happened::Happened;
use super::tokens::{Source, Tokens};
use crate::capture_tap::Taps;
use echo::EchoSocket;
use ports::PortSocket;
pub(super) use ports::Received;
pub(super) use published::{Listener, PublishError};
pub(super) use tcp::TcpPeer;
pub(super) use udp::UdpPeer;

/// All sockets but those of clients, and what has happened to them.
pub(super) struct World {
    pub(super) registry: Registry,
    pub(super) tokens: Tokens,
    pub(super) ports: HashMap<PortId, PortSocket>,
    pub(super) tcp: HashMap<FlowId, TcpPeer>,
    pub(super) udp: HashMap<FlowId, UdpPeer>,
    pub(super) echo: HashMap<FlowId, EchoSocket>,
    pub(super) listeners: HashMap<u64, Listener>,
    /// What the state machine is to be told.
    pub(super) happened: VecDeque<Happened>,
    /// Questions of machines about names: the flow, and whether it is a datagram.
    pub(super) questions: VecDeque<Question>,
    /// Who wants to see frames.
    pub(super) taps: Taps,
}

/// A machine's question about a name.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) asker: Asker,
    pub(super) message: Vec<u8>,
}

/// Who asks for a name: the flow, and whether as a datagram.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    pub(super) flow: FlowId,
    pub(super) is_datagram: bool,
}

impl World {
    pub(super) fn new(registry: Registry) -> Self {
        Self {
            registry,
            tokens: Tokens::default(),
            ports: HashMap::new(),
            tcp: HashMap::new(),
            udp: HashMap::new(),
            echo: HashMap::new(),
            listeners: HashMap::new(),
            happened: VecDeque::new(),
            questions: VecDeque::new(),
            taps: Taps::default(),
        }
    }

    /// Has events of a socket reported for `source`.
    pub(super) fn register(
        &mut self,
        socket: &mut impl mio::event::Source,
        source: Source,
        interest: mio::Interest,
    ) -> io::Result<mio::Token> {
        let token = self.tokens.add(source);
        match self.registry.register(socket, token, interest) {
            Ok(()) => Ok(token),
            Err(error) => {
                self.tokens.remove(token);
                Err(error)
            }
        }
    }
}
