//! Ports of the host that lead to machines.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use container_model::{PublishedPort, Transport};
use container_netstack::{FlowId, PortId};
use mio::net::{TcpListener, UdpSocket};
use mio::{Interest, Token};
use socket2::{Domain, Socket, Type};

use super::World;
use super::datagrams::{Datagrams, UdpClient, tell_asked_address};
use crate::process::tokens::Source;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// How often a port that the system chose for IPv4 may be in use for IPv6.
const ATTEMPTS: usize = 16;

/// One port of the host at one address.
pub(in crate::process) struct Listener {
    /// The machine.
    pub(in crate::process) port: PortId,
    /// The machine's port.
    pub(in crate::process) to_port: u16,
    /// Whether the machine sees the addresses of clients.
    pub(in crate::process) client_addresses: bool,
    socket: ListenerSocket,
    token: Token,
    /// Flows of datagrams by client.
    clients: HashMap<UdpClient, FlowId>,
}

enum ListenerSocket {
    Tcp(TcpListener),
    Udp(Datagrams),
}

/// A port cannot be published.
#[derive(Debug, thiserror::Error)]
#[error("cannot publish port {port}/{proto}: {}", reason(source, *address, *port))]
pub(in crate::process) struct PublishError {
    pub(in crate::process) address: IpAddr,
    pub(in crate::process) port: u16,
    pub(in crate::process) proto: Transport,
    pub(in crate::process) source: io::Error,
}

fn reason(error: &io::Error, address: IpAddr, port: u16) -> String {
    let address = SocketAddr::new(address, port);
    match error.kind() {
        ErrorKind::AddrInUse => format!("{address} is in use"),
        ErrorKind::AddrNotAvailable => format!("this host does not have the address {}", address.ip()),
        ErrorKind::PermissionDenied => format!("this user may not listen on {address}"),
        _ => format!("cannot listen on {address}: {error}"),
    }
}

impl Listener {
    pub(in crate::process) fn datagrams(&self) -> Option<&Datagrams> {
        match &self.socket {
            ListenerSocket::Udp(socket) => Some(socket),
            ListenerSocket::Tcp(_) => None,
        }
    }

    pub(in crate::process) fn connections(&self) -> Option<&TcpListener> {
        match &self.socket {
            ListenerSocket::Tcp(socket) => Some(socket),
            ListenerSocket::Udp(_) => None,
        }
    }

    pub(in crate::process) fn flow_of(&self, client: &UdpClient) -> Option<FlowId> {
        self.clients.get(client).copied()
    }

    pub(in crate::process) fn remember(&mut self, client: UdpClient, flow: FlowId) {
        self.clients.insert(client, flow);
    }

    pub(in crate::process) fn forget(&mut self, client: &UdpClient) {
        self.clients.remove(client);
    }
}

impl World {
    /// Publishes ports of a machine: all of them or none. Returns them with the ports that the host chose; a range whose ports the host
    /// chooses becomes as many ports.
    pub(in crate::process) fn publish(
        &mut self,
        port: PortId,
        wanted: &[PublishedPort],
        client_addresses: bool,
        next_listener: &mut u64,
    ) -> Result<Vec<PublishedPort>, PublishError> {
        let mut published = Vec::new();
        let mut opened = Vec::new();
        let result = wanted.iter().try_for_each(|range| {
            let is_chosen = range.host_port == 0;
            for offset in 0..range.count {
                let asked = if is_chosen {
                    0
                } else {
                    range.host_port.saturating_add(offset)
                };
                let to_port = range.container_port.saturating_add(offset);
                let sockets = listen(range.host_address, asked, range.proto)?;
                let mut chosen = asked;
                for (socket, at) in sockets {
                    chosen = at.port();
                    let number = *next_listener;
                    *next_listener += 1;
                    self.add_listener(number, port, to_port, client_addresses, socket)
                        .map_err(|source| PublishError {
                            address: at.ip(),
                            port: at.port(),
                            proto: range.proto,
                            source,
                        })?;
                    opened.push(number);
                }
                if is_chosen {
                    published.push(PublishedPort {
                        host_port: chosen,
                        container_port: to_port,
                        count: 1,
                        ..range.clone()
                    });
                }
            }
            if !is_chosen {
                published.push(range.clone());
            }
            Ok(())
        });
        match result {
            Ok(()) => Ok(published),
            Err(error) => {
                for number in opened {
                    self.remove_listener(number);
                }
                Err(error)
            }
        }
    }

    fn add_listener(
        &mut self,
        number: u64,
        port: PortId,
        to_port: u16,
        client_addresses: bool,
        socket: Socket,
    ) -> io::Result<()> {
        socket.set_nonblocking(true)?;
        let source = Source::Published(number);
        let (socket, token) = if socket.r#type()? == Type::STREAM {
            let mut listener = TcpListener::from_std(socket.into());
            let token = self.register(&mut listener, source, Interest::READABLE)?;
            (ListenerSocket::Tcp(listener), token)
        } else {
            let mut datagrams = UdpSocket::from_std(socket.into());
            let token = self.register(&mut datagrams, source, Interest::READABLE)?;
            (ListenerSocket::Udp(Datagrams { socket: datagrams }), token)
        };
        let listener = Listener {
            port,
            to_port,
            client_addresses,
            socket,
            token,
            clients: HashMap::new(),
        };
        self.listeners.insert(number, listener);
        Ok(())
    }

    fn remove_listener(&mut self, number: u64) {
        let Some(listener) = self.listeners.remove(&number) else {
            return;
        };
        self.tokens.remove(listener.token);
        // Closing them ends their registration.
        drop(listener.socket);
    }

    /// Closes the published ports of a machine.
    pub(in crate::process) fn unpublish(&mut self, port: PortId) {
        let numbers = self.listeners.iter();
        let numbers: Vec<u64> = numbers
            .filter_map(|(&number, listener)| (listener.port == port).then_some(number))
            .collect();
        for number in numbers {
            self.remove_listener(number);
        }
    }
}

/// Listens on a port at one address, or at all of IPv4 and IPv6. A host without IPv6 does without.
pub(super) fn listen(
    address: Option<IpAddr>,
    port: u16,
    proto: Transport,
) -> Result<Vec<(Socket, SocketAddr)>, PublishError> {
    let failed = |address: IpAddr, port: u16| {
        move |source| PublishError {
            address,
            port,
            proto,
            source,
        }
    };
    let (v4, v6) = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    if let Some(address) = address {
        return Ok(vec![
            bind(SocketAddr::new(address, port), proto).map_err(failed(address, port))?,
        ]);
    }
    let mut attempt = 1;
    loop {
        let first = bind(SocketAddr::new(v4, port), proto).map_err(failed(v4, port))?;
        let chosen = first.1.port();
        match bind(SocketAddr::new(v6, chosen), proto) {
            Ok(second) => return Ok(vec![first, second]),
            Err(error) if error.kind() == ErrorKind::AddrInUse && port == 0 && attempt < ATTEMPTS => attempt += 1,
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(failed(v6, chosen)(error)),
            Err(_) => return Ok(vec![first]),
        }
    }
}

fn bind(address: SocketAddr, proto: Transport) -> io::Result<(Socket, SocketAddr)> {
    let kind = match proto {
        Transport::Tcp => Type::STREAM,
        Transport::Udp => Type::DGRAM,
    };
    let socket = Socket::new(Domain::for_address(address), kind, None)?;
    if address.is_ipv6() {
        // IPv4 has a socket of its own.
        socket.set_only_v6(true)?;
    }
    if proto == Transport::Udp && address.ip().is_unspecified() {
        tell_asked_address(&socket, address.is_ipv6())?;
    }
    if proto == Transport::Tcp {
        // Else the port is in use for a minute after its last connection.
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())?;
    if proto == Transport::Tcp {
        socket.listen(BACKLOG)?;
    }
    let bound = socket.local_addr()?.as_socket().unwrap_or(address);
    Ok((socket, bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_all_addresses_is_the_same_for_both_families() {
        for proto in [Transport::Tcp, Transport::Udp] {
            let sockets = listen(None, 0, proto).unwrap();
            let ports: Vec<u16> = sockets.iter().map(|(_, at)| at.port()).collect();
            assert!(
                ports.windows(2).all(|pair| pair[0] == pair[1]) && ports[0] != 0,
                "{ports:?}"
            );
            let error = listen(None, ports[0], proto).map(drop).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("cannot publish port {0}/{proto}: 0.0.0.0:{0} is in use", ports[0])
            );
        }
    }

    #[test]
    fn an_address_of_another_host_is_named() {
        let error = listen(Some("192.0.2.1".parse().unwrap()), 0, Transport::Tcp)
            .map(drop)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("this host does not have the address 192.0.2.1"),
            "{error}"
        );
    }
}
