//! Sockets to the resolvers of the host.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, Token};

use super::tokens::Source;
use super::world::World;
use crate::names::UpstreamId;

/// Largest message, bytes (RFC 1035, 4.2.2).
const MESSAGE_MAX_BYTES: usize = 1 << 16;

/// A socket to a resolver.
pub(super) enum Upstream {
    Datagrams(UdpSocket, Token),
    Connection {
        stream: TcpStream,
        token: Token,
        outgoing: Vec<u8>,
        incoming: Vec<u8>,
    },
}

impl Upstream {
    /// Asks a resolver with a socket of its own. Closing it ends its registration.
    pub(super) fn datagrams(
        upstream: UpstreamId,
        server: SocketAddr,
        bytes: &[u8],
        world: &mut World,
    ) -> io::Result<Self> {
        let any: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let mut socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
        socket.connect(server)?;
        let token = world.register(&mut socket, Source::Resolver(upstream.0), Interest::READABLE)?;
        if let Err(error) = socket.send(bytes) {
            world.tokens.remove(token);
            return Err(error);
        }
        Ok(Self::Datagrams(socket, token))
    }

    /// Asks a resolver over a connection.
    pub(super) fn connection(
        upstream: UpstreamId,
        server: SocketAddr,
        bytes: &[u8],
        world: &mut World,
    ) -> io::Result<Self> {
        let length = u16::try_from(bytes.len()).map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
        let mut stream = TcpStream::connect(server)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let token = world.register(&mut stream, Source::Resolver(upstream.0), interest)?;
        let mut outgoing = length.to_be_bytes().to_vec();
        outgoing.extend(bytes);
        Ok(Self::Connection {
            stream,
            token,
            outgoing,
            incoming: Vec::new(),
        })
    }

    pub(super) fn token(&self) -> Token {
        match self {
            Self::Datagrams(_, token) | Self::Connection { token, .. } => *token,
        }
    }

    /// The messages that are there.
    pub(super) fn receive(&mut self) -> io::Result<Vec<Vec<u8>>> {
        match self {
            Self::Datagrams(socket, _) => receive_datagrams(socket),
            Self::Connection {
                stream,
                outgoing,
                incoming,
                ..
            } => exchange(stream, outgoing, incoming),
        }
    }
}

fn receive_datagrams(socket: &UdpSocket) -> io::Result<Vec<Vec<u8>>> {
    let mut messages = Vec::new();
    let mut buffer = vec![0; MESSAGE_MAX_BYTES];
    loop {
        match socket.recv(&mut buffer) {
            Ok(length) => messages.push(buffer.get(..length).unwrap_or_default().to_vec()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(messages),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Sends what is left of the question and reads what is there of the answer.
fn exchange(stream: &mut TcpStream, outgoing: &mut Vec<u8>, incoming: &mut Vec<u8>) -> io::Result<Vec<Vec<u8>>> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    while !outgoing.is_empty() {
        match stream.write(outgoing) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                outgoing.drain(..count);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                return Ok(Vec::new());
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let mut buffer = [0; 4096];
    loop {
        if let Some(&length) = incoming.first_chunk()
            && let Some(message) = incoming.get(2..2 + usize::from(u16::from_be_bytes(length)))
        {
            return Ok(vec![message.to_vec()]);
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => incoming.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Vec::new()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
