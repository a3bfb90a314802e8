//! Connections to peers of machines.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use container_netstack::{Close, ConnectFailure, Destination, FlowId, PortId, Read, Service, Wrote};
use mio::net::TcpStream;
use mio::{Interest, Token};
use rustix::io::Errno;

use super::{Asker, Question, World};
use crate::dns_stream::DnsStream;
use crate::process::happened::Happened;
use crate::process::tokens::Source;

/// The other end of a TCP flow.
pub(in crate::process) enum TcpPeer {
    /// A connection that is being made, with the address to try next.
    Connecting {
        stream: TcpStream,
        token: Token,
        next: Option<SocketAddr>,
    },
    /// One that stands.
    Connected { stream: TcpStream, token: Token },
    /// The gateway's own answers about names.
    Names(DnsStream),
}

/// The loopback of the host, in the order in which it is tried.
fn loopback(port: u16, is_ipv6: bool) -> [SocketAddr; 2] {
    let v4 = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let v6 = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port);
    if is_ipv6 { [v6, v4] } else { [v4, v6] }
}

fn failure(error: &io::Error) -> ConnectFailure {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => ConnectFailure::Refused,
        ErrorKind::TimedOut => ConnectFailure::TimedOut,
        ErrorKind::PermissionDenied => ConnectFailure::Prohibited,
        _ => match error.raw_os_error().map(Errno::from_raw_os_error) {
            // Sockets are out for a moment: the machine asks again.
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::AGAIN) => ConnectFailure::TimedOut,
            _ => ConnectFailure::Unreachable,
        },
    }
}

impl World {
    pub(in crate::process) fn connect(&mut self, flow: FlowId, to: Destination) {
        match to {
            Destination::Remote(address) => self.dial(flow, address, None),
            Destination::HostLoopback { port, is_ipv6 } => {
                let [first, second] = loopback(port, is_ipv6);
                self.dial(flow, first, Some(second));
            }
            Destination::Service(Service::Dns) => {
                self.happened.push_back(Happened::NamesWanted(flow));
            }
        }
    }

    fn dial(&mut self, flow: FlowId, address: SocketAddr, next: Option<SocketAddr>) {
        let dialled = TcpStream::connect(address).and_then(|mut stream| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            let token = self.register(&mut stream, Source::Tcp(flow), interest)?;
            Ok((stream, token))
        });
        match (dialled, next) {
            (Ok((stream, token)), next) => {
                self.tcp.insert(flow, TcpPeer::Connecting { stream, token, next });
            }
            (Err(_), Some(next)) => self.dial(flow, next, None),
            (Err(error), None) => self.happened.push_back(Happened::ConnectFailed(flow, failure(&error))),
        }
    }

    /// Looks whether a connection that was being made has come to stand. Returns `true` when it had before.
    pub(in crate::process) fn has_connected(&mut self, flow: FlowId) -> bool {
        let error = match self.tcp.get(&flow) {
            Some(TcpPeer::Connecting { stream, .. }) => match stream.take_error() {
                Ok(None) => match stream.peer_addr() {
                    Ok(_) => None,
                    Err(error) if error.kind() == ErrorKind::NotConnected => return false,
                    Err(error) => Some(error),
                },
                Ok(Some(error)) | Err(error) => Some(error),
            },
            Some(TcpPeer::Connected { .. } | TcpPeer::Names(_)) => return true,
            None => return false,
        };
        let Some(TcpPeer::Connecting {
            mut stream,
            token,
            next,
        }) = self.tcp.remove(&flow)
        else {
            return false;
        };
        let Some(error) = error else {
            // Segments of a machine are passed on as they come.
            let _ = stream.set_nodelay(true);
            self.tcp.insert(flow, TcpPeer::Connected { stream, token });
            self.happened.push_back(Happened::Connected(flow));
            return false;
        };
        let _ = self.registry.deregister(&mut stream);
        self.tokens.remove(token);
        match next {
            Some(next) => self.dial(flow, next, None),
            None => self.happened.push_back(Happened::ConnectFailed(flow, failure(&error))),
        }
        false
    }

    /// Takes over the connection of a client of a published port.
    pub(in crate::process) fn adopt(&mut self, flow: FlowId, mut stream: TcpStream) -> io::Result<()> {
        let token = self.register(&mut stream, Source::Tcp(flow), Interest::READABLE | Interest::WRITABLE)?;
        let _ = stream.set_nodelay(true);
        self.tcp.insert(flow, TcpPeer::Connected { stream, token });
        Ok(())
    }

    pub(in crate::process) fn write(&mut self, flow: FlowId, bytes: &[u8]) -> Wrote {
        match self.tcp.get_mut(&flow) {
            Some(TcpPeer::Connected { stream, .. }) => loop {
                return match stream.write(bytes) {
                    Ok(0) => Wrote::Full,
                    Ok(count) => Wrote::Bytes(count),
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => Wrote::Full,
                    Err(_) => Wrote::Broken,
                };
            },
            Some(TcpPeer::Names(stream)) => {
                let taken = stream.write(bytes);
                self.take_questions(flow);
                match taken {
                    0 => Wrote::Full,
                    count => Wrote::Bytes(count),
                }
            }
            Some(TcpPeer::Connecting { .. }) => Wrote::Full,
            None => Wrote::Broken,
        }
    }

    /// Opens a machine's connection for questions about names. Returns whether it may have another one.
    pub(in crate::process) fn connect_names(&mut self, flow: FlowId, machine: PortId) -> bool {
        let is_admitted = self.name_connections.admit(flow, machine);
        if is_admitted {
            self.tcp.insert(flow, TcpPeer::Names(DnsStream::default()));
        }
        is_admitted
    }

    /// Takes the questions of a connection that may be asked now.
    pub(in crate::process) fn take_questions(&mut self, flow: FlowId) {
        let Some(TcpPeer::Names(stream)) = self.tcp.get_mut(&flow) else {
            return;
        };
        while let Some(message) = stream.next_question() {
            let asker = Asker {
                flow,
                is_datagram: false,
            };
            self.questions.push_back(Question { asker, message });
        }
    }

    /// Answers a question of a connection; `None`: it has no answer.
    pub(in crate::process) fn answer_question(&mut self, flow: FlowId, reply: Option<&[u8]>) {
        let Some(TcpPeer::Names(stream)) = self.tcp.get_mut(&flow) else {
            return;
        };
        match reply {
            Some(reply) => stream.answer(reply),
            None => stream.leave_unanswered(),
        }
        if stream.is_readable() {
            self.happened.push_back(Happened::Readable(flow));
        }
        if stream.has_question() {
            self.happened.push_back(Happened::MayAsk(flow));
        }
    }

    pub(in crate::process) fn read(&mut self, flow: FlowId, buffer: &mut [u8]) -> Read {
        match self.tcp.get_mut(&flow) {
            Some(TcpPeer::Connected { stream, .. }) => loop {
                return match stream.read(buffer) {
                    Ok(0) => Read::End,
                    Ok(count) => Read::Bytes(count),
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => Read::Empty,
                    Err(_) => Read::Broken,
                };
            },
            Some(TcpPeer::Names(stream)) => stream.read(buffer),
            Some(TcpPeer::Connecting { .. }) => Read::Empty,
            None => Read::Broken,
        }
    }

    pub(in crate::process) fn finish(&mut self, flow: FlowId) {
        match self.tcp.get_mut(&flow) {
            Some(TcpPeer::Connected { stream, .. }) => {
                // One that is broken says so when it is read.
                let _ = stream.shutdown(std::net::Shutdown::Write);
            }
            Some(TcpPeer::Names(stream)) => {
                stream.finish();
                self.happened.push_back(Happened::Readable(flow));
            }
            Some(TcpPeer::Connecting { .. }) | None => {}
        }
    }

    pub(in crate::process) fn close(&mut self, flow: FlowId, how: Close) {
        let (mut stream, token) = match self.tcp.remove(&flow) {
            Some(TcpPeer::Connecting { stream, token, .. } | TcpPeer::Connected { stream, token }) => (stream, token),
            Some(TcpPeer::Names(_)) => return self.name_connections.release(flow),
            None => return,
        };
        let _ = self.registry.deregister(&mut stream);
        self.tokens.remove(token);
        if how == Close::Reset {
            // Closing sends a reset then; where it cannot be, the peer sees an ordinary end.
            let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_apart() {
        let of = |errno: Errno| failure(&io::Error::from_raw_os_error(errno.raw_os_error()));
        assert_eq!(of(Errno::CONNREFUSED), ConnectFailure::Refused);
        assert_eq!(of(Errno::TIMEDOUT), ConnectFailure::TimedOut);
        assert_eq!(of(Errno::HOSTUNREACH), ConnectFailure::Unreachable);
        assert_eq!(of(Errno::NETUNREACH), ConnectFailure::Unreachable);
        assert_eq!(of(Errno::ACCESS), ConnectFailure::Prohibited);
        assert_eq!(of(Errno::MFILE), ConnectFailure::TimedOut);
    }

    #[test]
    fn the_family_of_the_machine_is_tried_first() {
        assert!(loopback(80, false)[0].is_ipv4());
        assert!(loopback(80, true)[0].is_ipv6());
    }
}
