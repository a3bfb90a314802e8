//! Clients of published ports.

use std::io::ErrorKind;
use std::net::SocketAddr;

use super::event_loop::EventLoop;
use super::tokens::Source;
use super::world::Listener;

/// Clients of a published port that are taken at once.
const ACCEPT_BURST: usize = 64;

impl EventLoop<'_> {
    pub(super) fn accept_published(&mut self, number: u64) {
        for _ in 0..ACCEPT_BURST {
            let Some(listener) = self.world.listeners.get(&number) else {
                return;
            };
            let is_served = if listener.connections().is_some() {
                self.accept_connection(number)
            } else {
                self.accept_datagram(number)
            };
            if !is_served {
                return;
            }
        }
        self.serve_again(Source::Published(number));
    }

    /// Takes one client. Returns whether there may be another one.
    fn accept_connection(&mut self, number: u64) -> bool {
        let Some(listener) = self.world.listeners.get(&number) else {
            return false;
        };
        let Some(connections) = listener.connections() else {
            return false;
        };
        match connections.accept() {
            Ok((stream, client)) => {
                let (shown, is_ipv6) = shown(listener, client);
                let (port, to_port) = (listener.port, listener.to_port);
                let now = self.now();
                let flow = self
                    .stack
                    .tcp_accepted(now, port, to_port, is_ipv6, shown, &mut self.world);
                // One too many is closed.
                if let Some(flow) = flow
                    && self.world.adopt(flow, stream).is_err()
                {
                    self.stack.tcp_readable(now, flow, &mut self.world);
                }
                true
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => true,
            Err(error) => {
                // No descriptors are left, for one: whoever waits is taken when the next one comes.
                tracing::warn!(%error, "cannot take a client of a published port");
                false
            }
        }
    }

    fn accept_datagram(&mut self, number: u64) -> bool {
        let now = self.now();
        let Some(listener) = self.world.listeners.get(&number) else {
            return false;
        };
        let received = match listener.datagrams() {
            Some(datagrams) => datagrams.receive(&mut self.buffer),
            None => return false,
        };
        match received {
            Ok((length, client)) => {
                let payload = self.buffer.get(..length).unwrap_or_default();
                if let Some(flow) = listener.flow_of(&client) {
                    self.stack.udp_received(now, flow, payload, &mut self.world);
                    return true;
                }
                let (shown, is_ipv6) = shown(listener, client.address);
                let (port, to_port) = (listener.port, listener.to_port);
                let accepted = self
                    .stack
                    .udp_accepted(now, port, to_port, is_ipv6, shown, payload, &mut self.world);
                if let Some(flow) = accepted {
                    self.world.set_client(flow, number, client);
                }
                true
            }
            Err(error) => error.kind() == ErrorKind::Interrupted,
        }
    }
}

/// The address that a machine is to see of a client, and whether the machine is reached by IPv6: only where that address is one. A service
/// that listens on IPv4 alone is reached by every client.
fn shown(listener: &Listener, client: SocketAddr) -> (Option<SocketAddr>, bool) {
    if listener.client_addresses {
        (Some(client), client.is_ipv6())
    } else {
        (None, false)
    }
}
