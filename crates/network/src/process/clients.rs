//! Launchers and commands that speak to the process.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::OwnedFd;

use container_netstack::PortId;
use mio::net::UnixStream;
use mio::{Interest, Token};

use super::tokens::Source;
use super::world::World;
use crate::protocol::{LINE_MAX_BYTES, Reply, Request, from_line, to_line};
use crate::socket::receive_with_descriptor;

/// Bytes that are read at once.
const READ_BYTES: usize = 16 << 10;

/// One of them.
pub(super) struct Client {
    stream: UnixStream,
    token: Token,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    /// The descriptor that came last.
    pub(super) descriptor: Option<OwnedFd>,
    /// The port that lives as long as this connection.
    pub(super) port: Option<PortId>,
}

/// What came of listening to a client.
pub(super) enum Heard {
    /// A request.
    Request(Request),
    /// Nothing whole yet.
    Nothing,
    /// It is gone, or speaks another language.
    Gone,
}

/// All of them, by number.
#[derive(Default)]
pub(super) struct Clients {
    clients: HashMap<u64, Client>,
    next: u64,
}

impl Clients {
    /// Takes a new one.
    pub(super) fn add(&mut self, world: &mut World, mut stream: UnixStream) -> io::Result<()> {
        let number = self.next;
        self.next += 1;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let token = world.register(&mut stream, Source::Client(number), interest)?;
        let client = Client {
            stream,
            token,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            descriptor: None,
            port: None,
        };
        self.clients.insert(number, client);
        Ok(())
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Client> {
        self.clients.get_mut(&number)
    }

    /// The client whose connection a port belongs to.
    pub(super) fn owner(&self, port: PortId) -> Option<u64> {
        let mut clients = self.clients.iter();
        clients.find_map(|(&number, client)| (client.port == Some(port)).then_some(number))
    }

    /// Hangs up. Returns the port that belonged to the connection.
    pub(super) fn remove(&mut self, world: &mut World, number: u64) -> Option<PortId> {
        let mut client = self.clients.remove(&number)?;
        let _ = world.registry.deregister(&mut client.stream);
        world.tokens.remove(client.token);
        world.taps.remove(number);
        client.port
    }

    /// Sends bytes as far as the connection takes them at once.
    pub(super) fn send_some(&mut self, number: u64, bytes: &[u8]) -> usize {
        let Some(client) = self.clients.get_mut(&number) else {
            return bytes.len();
        };
        if !client.flush() {
            return 0;
        }
        let mut sent = 0;
        while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
            match client.stream.write(rest) {
                Ok(0) => break,
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        sent
    }
}

impl Client {
    /// Reads what is there, up to the end of a request.
    pub(super) fn listen(&mut self) -> Heard {
        self.flush();
        loop {
            if let Some(end) = self.incoming.iter().position(|&byte| byte == b'\n') {
                let request = from_line(self.incoming.get(..end).unwrap_or_default());
                self.incoming.drain(..=end);
                return match request {
                    Ok(request) => Heard::Request(request),
                    Err(error) => {
                        tracing::warn!(%error, "a client speaks another language");
                        Heard::Gone
                    }
                };
            }
            if self.incoming.len() > LINE_MAX_BYTES {
                return Heard::Gone;
            }
            let mut buffer = [0; READ_BYTES];
            match receive_with_descriptor(&self.stream, &mut buffer) {
                Ok((0, _)) => return Heard::Gone,
                Ok((count, descriptor)) => {
                    self.incoming.extend_from_slice(buffer.get(..count).unwrap_or_default());
                    self.descriptor = descriptor.or(self.descriptor.take());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Heard::Nothing,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Heard::Gone,
            }
        }
    }

    pub(super) fn reply(&mut self, reply: &Reply) {
        match to_line(reply) {
            Ok(line) => self.outgoing.extend(line),
            Err(error) => tracing::error!(%error, "an answer has no form"),
        }
        self.flush();
    }

    /// Sends what waits. Returns whether nothing waits any more.
    fn flush(&mut self) -> bool {
        while !self.outgoing.is_empty() {
            match self.stream.write(&self.outgoing) {
                Ok(0) => break,
                Ok(count) => {
                    self.outgoing.drain(..count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.outgoing.is_empty()
    }
}
