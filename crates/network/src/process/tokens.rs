//! What an event of the system is about.

use std::collections::HashMap;

use container_netstack::{FlowId, PortId};
use mio::Token;

/// Whose socket it is that is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// The one on which launchers and commands are heard.
    Control,
    /// A launcher's or a command's.
    Client(u64),
    /// A machine's.
    Port(PortId),
    /// A TCP flow's peer.
    Tcp(FlowId),
    /// A UDP flow's peer.
    Udp(FlowId),
    /// An echo flow's.
    Echo(FlowId),
    /// A published port's, by its number.
    Published(u64),
    /// A question to a resolver of the host, by its number.
    Resolver(u64),
    /// A question to another network, by its number.
    LookUp(u64),
}

/// The sources by the tokens under which they are registered. A token is never used again, so that a late event finds nobody.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    sources: HashMap<Token, Source>,
    next: usize,
}

impl Tokens {
    pub(super) fn add(&mut self, source: Source) -> Token {
        let token = Token(self.next);
        self.next += 1;
        self.sources.insert(token, source);
        token
    }

    pub(super) fn get(&self, token: Token) -> Option<Source> {
        self.sources.get(&token).copied()
    }

    pub(super) fn remove(&mut self, token: Token) {
        self.sources.remove(&token);
    }
}
