//! The sockets of a network's process.

mod datagrams;
mod echo;
mod name_connections;
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
use name_connections::NameConnections;
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
    name_connections: NameConnections,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asker {
    pub(super) flow: FlowId,
    pub(super) is_datagram: bool,
}

impl Asker {
    /// A number that says who it is, so that nothing has to be kept of a question that is with others.
    pub(super) fn token(self) -> u64 {
        // Flows are numbered one after the other.
        self.flow.0 << 1 | u64::from(self.is_datagram)
    }

    /// Whose number it is.
    pub(super) fn of_token(token: u64) -> Self {
        Self {
            flow: FlowId(token >> 1),
            is_datagram: token & 1 == 1,
        }
    }
}

impl World {
    pub(super) fn new(registry: Registry) -> Self {
        Self {
            registry,
            tokens: Tokens::default(),
            ports: HashMap::new(),
            tcp: HashMap::new(),
            name_connections: NameConnections::default(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_known_by_its_number() {
        for (number, is_datagram) in [(0, true), (0, false), (7, true), (1 << 62, false)] {
            let asker = Asker {
                flow: FlowId(number),
                is_datagram,
            };
            assert_eq!(Asker::of_token(asker.token()), asker);
        }
    }
}
