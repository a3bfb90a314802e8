//! Exchanges of datagrams with peers of machines.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use container_netstack::{Destination, FlowId, Service};
use mio::net::UdpSocket;
use mio::{Interest, Token};

use super::{Asker, Question, World};
use crate::process::happened::Happened;
use crate::process::tokens::Source;

/// Datagrams of one flow that are taken at once; others wait for their turn.
const BURST: usize = 64;

/// The other end of a UDP flow.
pub(in crate::process) enum UdpPeer {
    /// A socket that is connected to it.
    Socket { socket: UdpSocket, token: Token },
    /// A client of a published port.
    Client { listener: u64, address: SocketAddr },
    /// The gateway's own answers about names.
    Names,
    /// It could not be reached; more is not tried.
    Unreachable,
}

impl World {
    pub(in crate::process) fn send_datagram(&mut self, flow: FlowId, to: Destination, payload: &[u8]) {
        if !self.udp.contains_key(&flow) {
            let peer = match to {
                Destination::Remote(address) => self.open_datagrams(flow, address),
                Destination::HostLoopback { port, is_ipv6: false } => {
                    self.open_datagrams(flow, SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
                }
                Destination::HostLoopback { port, is_ipv6: true } => {
                    self.open_datagrams(flow, SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port))
                }
                Destination::Service(Service::Dns) => Ok(UdpPeer::Names),
            };
            let peer = peer.unwrap_or_else(|_| {
                self.happened.push_back(Happened::UdpRefused(flow));
                UdpPeer::Unreachable
            });
            self.udp.insert(flow, peer);
        }
        match self.udp.get(&flow) {
            Some(UdpPeer::Socket { socket, .. }) => match socket.send(payload) {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    self.happened.push_back(Happened::UdpRefused(flow));
                }
                // A datagram may be lost.
                _ => {}
            },
            Some(UdpPeer::Names) => self.questions.push_back(Question {
                asker: Asker {
                    flow,
                    is_datagram: true,
                },
                message: payload.to_vec(),
            }),
            Some(UdpPeer::Client { .. } | UdpPeer::Unreachable) | None => {}
        }
    }

    fn open_datagrams(&mut self, flow: FlowId, address: SocketAddr) -> io::Result<UdpPeer> {
        let any: IpAddr = match address {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let mut socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
        socket.connect(address)?;
        let token = self.register(&mut socket, Source::Udp(flow), Interest::READABLE)?;
        Ok(UdpPeer::Socket { socket, token })
    }

    /// Takes what came for a flow. Returns whether there may be more.
    pub(in crate::process) fn receive_datagrams(&mut self, flow: FlowId, buffer: &mut [u8]) -> bool {
        let Some(UdpPeer::Socket { socket, .. }) = self.udp.get(&flow) else {
            return false;
        };
        for _ in 0..BURST {
            match socket.recv(buffer) {
                Ok(length) => {
                    let payload = buffer.get(..length).unwrap_or_default().to_vec();
                    self.happened.push_back(Happened::Datagram(flow, payload));
                }
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    self.happened.push_back(Happened::UdpRefused(flow));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }

    pub(in crate::process) fn answer_client(&mut self, flow: FlowId, payload: &[u8]) {
        let Some(UdpPeer::Client { listener, address }) = self.udp.get(&flow) else {
            return;
        };
        if let Some(socket) = self.listeners.get(listener).and_then(|listener| listener.datagrams()) {
            // A datagram may be lost.
            let _ = socket.send_to(payload, *address);
        }
    }

    pub(in crate::process) fn close_datagrams(&mut self, flow: FlowId) {
        match self.udp.remove(&flow) {
            Some(UdpPeer::Socket { mut socket, token }) => {
                let _ = self.registry.deregister(&mut socket);
                self.tokens.remove(token);
            }
            Some(UdpPeer::Client { listener, address }) => {
                if let Some(listener) = self.listeners.get_mut(&listener) {
                    listener.forget(address);
                }
            }
            Some(UdpPeer::Names | UdpPeer::Unreachable) | None => {}
        }
    }
}
