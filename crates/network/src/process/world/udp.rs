//! Exchanges of datagrams with peers of machines.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use container_netstack::{Destination, FlowId, Service};
use mio::net::UdpSocket;
use mio::{Interest, Token};

use super::datagrams::UdpClient;
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
    Client { listener: u64, client: UdpClient },
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

    /// Has the answers of a flow go to a client of a published port.
    pub(in crate::process) fn set_client(&mut self, flow: FlowId, listener: u64, client: UdpClient) {
        let before = self.udp.insert(flow, UdpPeer::Client { listener, client });
        // The machine sees both clients as one. The one before is taken anew when it sends again.
        self.forget_client(before);
        if let Some(listener) = self.listeners.get_mut(&listener) {
            listener.remember(client, flow);
        }
    }

    fn forget_client(&mut self, peer: Option<UdpPeer>) {
        if let Some(UdpPeer::Client { listener, client }) = peer
            && let Some(listener) = self.listeners.get_mut(&listener)
        {
            listener.forget(&client);
        }
    }

    pub(in crate::process) fn answer_client(&mut self, flow: FlowId, payload: &[u8]) {
        let Some(UdpPeer::Client { listener, client }) = self.udp.get(&flow) else {
            return;
        };
        if let Some(socket) = self.listeners.get(listener).and_then(|listener| listener.datagrams()) {
            // A datagram may be lost.
            let _ = socket.answer(client, payload);
        }
    }

    pub(in crate::process) fn close_datagrams(&mut self, flow: FlowId) {
        match self.udp.remove(&flow) {
            Some(UdpPeer::Socket { mut socket, token }) => {
                let _ = self.registry.deregister(&mut socket);
                self.tokens.remove(token);
            }
            peer => self.forget_client(peer),
        }
    }
}

#[cfg(test)]
mod tests {
    use container_model::{PublishedPort, Transport, UnknownFields};
    use container_netstack::PortId;
    use mio::Poll;

    use super::*;

    /// A world with two published ports, and a client of each at the same address.
    fn world() -> (World, [(u64, UdpClient); 2]) {
        let mut world = World::new(Poll::new().unwrap().registry().try_clone().unwrap());
        let port = PublishedPort {
            host_address: Some(Ipv4Addr::LOCALHOST.into()),
            host_port: 0,
            container_port: 53,
            proto: Transport::Udp,
            count: 2,
            unknown: UnknownFields::new(),
        };
        let published = world.publish(PortId(1), &[port], true, &mut 0).unwrap();
        let program = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let clients = [0, 1].map(|number| {
            let port = published[usize::try_from(number).unwrap()].host_port;
            program.send_to(b"ask", ("127.0.0.1", port)).unwrap();
            let datagrams = world.listeners[&number].datagrams().unwrap();
            (number, datagrams.receive(&mut [0; 8]).unwrap().1)
        });
        (world, clients)
    }

    #[test]
    fn the_client_that_a_machine_takes_for_another_one_is_not_remembered_for_good() {
        let (mut world, [first, second]) = world();
        let flow = FlowId(7);
        world.set_client(flow, first.0, first.1);
        assert_eq!(world.listeners[&first.0].flow_of(&first.1), Some(flow));
        world.set_client(flow, second.0, second.1);
        assert_eq!(world.listeners[&first.0].flow_of(&first.1), None);
        assert_eq!(world.listeners[&second.0].flow_of(&second.1), Some(flow));
        // Who is taken again stays known.
        world.set_client(flow, second.0, second.1);
        assert_eq!(world.listeners[&second.0].flow_of(&second.1), Some(flow));
        world.close_datagrams(flow);
        assert_eq!(world.listeners[&second.0].flow_of(&second.1), None);
    }
}
