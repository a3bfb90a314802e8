//! Echo requests of machines, sent by sockets that an ordinary user may have where the system allows it
//! (`net.ipv4.ping_group_range` on Linux, everybody on macOS).

use std::io::{self, ErrorKind, Read as _};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd as _;

use container_netstack::FlowId;
use mio::unix::SourceFd;
use mio::{Interest, Token};
use socket2::{Domain, Protocol, Socket, Type};

use super::World;
use crate::process::happened::Happened;
use crate::process::tokens::Source;

/// Echo request, RFC 792 and RFC 4443.
const ECHO_REQUEST_V4: u8 = 8;
const ECHO_REQUEST_V6: u8 = 128;
/// Echo reply, RFC 792 and RFC 4443.
const ECHO_REPLY_V4: u8 = 0;
const ECHO_REPLY_V6: u8 = 129;
/// Type, code, checksum, identifier and sequence number, bytes.
const HEADER_BYTES: usize = 8;

/// Answers of one flow that are taken at once.
const BURST: usize = 16;

/// The socket of one flow.
pub(in crate::process) struct EchoSocket {
    /// `None`: this host does not allow it.
    socket: Option<Socket>,
    token: Option<Token>,
    is_ipv6: bool,
}

impl World {
    pub(in crate::process) fn send_echo(&mut self, flow: FlowId, to: IpAddr, sequence: u16, payload: &[u8]) {
        if !self.echo.contains_key(&flow) {
            let opened = self.open_echo(flow, to).unwrap_or_else(|error| {
                tracing::debug!(%error, "cannot send echo requests");
                EchoSocket {
                    socket: None,
                    token: None,
                    is_ipv6: to.is_ipv6(),
                }
            });
            self.echo.insert(flow, opened);
        }
        let Some(EchoSocket {
            socket: Some(socket),
            is_ipv6,
            ..
        }) = self.echo.get(&flow)
        else {
            self.happened.push_back(Happened::EchoRefused(flow, sequence));
            return;
        };
        let sent = socket.send(&echo_request(*is_ipv6, sequence, payload));
        if sent.is_err_and(|error| error.kind() != ErrorKind::WouldBlock) {
            self.happened.push_back(Happened::EchoRefused(flow, sequence));
        }
    }

    fn open_echo(&mut self, flow: FlowId, to: IpAddr) -> io::Result<EchoSocket> {
        let (domain, protocol) = match to {
            IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
            IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
        };
        let socket = Socket::new(domain, Type::DGRAM, Some(protocol))?;
        socket.set_nonblocking(true)?;
        socket.connect(&SocketAddr::new(to, 0).into())?;
        let token = self.tokens.add(Source::Echo(flow));
        let registered = self
            .registry
            .register(&mut SourceFd(&socket.as_raw_fd()), token, Interest::READABLE);
        if let Err(error) = registered {
            self.tokens.remove(token);
            return Err(error);
        }
        Ok(EchoSocket {
            socket: Some(socket),
            token: Some(token),
            is_ipv6: to.is_ipv6(),
        })
    }

    /// The answers that came for a flow: sequence numbers and payloads.
    pub(in crate::process) fn receive_echoes(&mut self, flow: FlowId) -> Vec<(u16, Vec<u8>)> {
        let mut answers = Vec::new();
        let Some(EchoSocket {
            socket: Some(socket),
            is_ipv6,
            ..
        }) = self.echo.get(&flow)
        else {
            return answers;
        };
        let mut buffer = vec![0; 1 << 16];
        let mut socket: &Socket = socket;
        for _ in 0..BURST {
            let Ok(length) = socket.read(&mut buffer) else {
                break;
            };
            answers.extend(echo_reply(*is_ipv6, buffer.get(..length).unwrap_or_default()));
        }
        answers
    }

    pub(in crate::process) fn close_echo(&mut self, flow: FlowId) {
        if let Some(EchoSocket {
            socket: Some(socket),
            token: Some(token),
            ..
        }) = self.echo.remove(&flow)
        {
            let _ = self.registry.deregister(&mut SourceFd(&socket.as_raw_fd()));
            self.tokens.remove(token);
        }
    }
}

/// An echo request. Linux puts its own identifier into it, and both the checksum; macOS leaves both as they are.
fn echo_request(is_ipv6: bool, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let kind = if is_ipv6 { ECHO_REQUEST_V6 } else { ECHO_REQUEST_V4 };
    let mut message = vec![kind, 0, 0, 0, 0, 0];
    message.extend(sequence.to_be_bytes());
    message.extend(payload);
    if !is_ipv6 {
        let sum = checksum(&message);
        message.splice(2..4, sum.to_be_bytes());
    }
    message
}

/// The Internet checksum, RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// Sequence number and payload of an echo reply. On macOS the IPv4 header is in front of it.
fn echo_reply(is_ipv6: bool, message: &[u8]) -> Option<(u16, Vec<u8>)> {
    let is_header = !is_ipv6 && message.first().is_some_and(|first| first >> 4 == 4);
    let header_bytes = match message.first() {
        Some(first) if is_header => usize::from(first & 0xf) * 4,
        _ => 0,
    };
    let message = message.get(header_bytes..)?;
    let kind = if is_ipv6 { ECHO_REPLY_V6 } else { ECHO_REPLY_V4 };
    let is_reply = message.first() == Some(&kind);
    let sequence = u16::from_be_bytes([*message.get(6)?, *message.get(7)?]);
    let payload = message.get(HEADER_BYTES..)?.to_vec();
    is_reply.then_some((sequence, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_right_checksum() {
        let request = echo_request(false, 7, b"abc");
        assert_eq!(request[..2], [8, 0]);
        assert_eq!(request[6..], [0, 7, b'a', b'b', b'c']);
        assert_eq!(checksum(&request), 0);
    }

    #[test]
    fn a_reply_is_found_behind_a_header_and_without_one() {
        let reply = [0, 0, 1, 2, 3, 4, 0, 9, b'x'];
        assert_eq!(echo_reply(false, &reply), Some((9, b"x".to_vec())));
        let mut with_header = vec![0x45; 20];
        with_header.extend(reply);
        assert_eq!(echo_reply(false, &with_header), Some((9, b"x".to_vec())));
        assert_eq!(echo_reply(true, &[129, 0, 0, 0, 0, 0, 1, 0]), Some((256, Vec::new())));
        for other in [&[8, 0, 0, 0, 0, 0, 0, 9][..], &[0, 0], &[], &[0x4f]] {
            assert_eq!(echo_reply(false, other), None);
        }
    }
}
