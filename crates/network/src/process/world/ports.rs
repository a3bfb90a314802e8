//! Machines' ends of the switch.

use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;

use container_netstack::{PortId, Sent};
use mio::net::UnixDatagram;
use mio::{Interest, Token};

use super::World;
use crate::capture::Direction;
use crate::process::tokens::Source;

/// The socket of one machine's frames.
pub(in crate::process) struct PortSocket {
    socket: UnixDatagram,
    token: Token,
    /// The last frame found no room, and the system does not tell when there is some again (`ENOBUFS`).
    pub(in crate::process) is_unannounced: bool,
}

/// What came of reading a machine's socket.
pub(in crate::process) enum Received {
    /// A frame of so many bytes.
    Frame(usize),
    /// None is there.
    Empty,
    /// The machine is gone.
    Gone,
}

impl World {
    /// Takes over the socket of a machine that has this port.
    pub(in crate::process) fn open_port(&mut self, port: PortId, socket: OwnedFd) -> io::Result<()> {
        let socket = std::os::unix::net::UnixDatagram::from(socket);
        socket.set_nonblocking(true)?;
        let mut socket = UnixDatagram::from_std(socket);
        let token = self.register(&mut socket, Source::Port(port), Interest::READABLE | Interest::WRITABLE)?;
        let port_socket = PortSocket {
            socket,
            token,
            is_unannounced: false,
        };
        self.ports.insert(port, port_socket);
        Ok(())
    }

    pub(in crate::process) fn close_port(&mut self, port: PortId) {
        if let Some(mut closed) = self.ports.remove(&port) {
            let _ = self.registry.deregister(&mut closed.socket);
            self.tokens.remove(closed.token);
        }
    }

    /// Takes the next frame of a machine.
    pub(in crate::process) fn receive_frame(&mut self, port: PortId, buffer: &mut [u8]) -> Received {
        let Some(found) = self.ports.get(&port) else {
            return Received::Gone;
        };
        loop {
            match found.socket.recv(buffer) {
                Ok(length) => {
                    self.taps
                        .show(port, Direction::FromMachine, buffer.get(..length).unwrap_or_default());
                    return Received::Frame(length);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Received::Empty,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Received::Gone,
            }
        }
    }

    pub(in crate::process) fn send_to_port(&mut self, port: PortId, frame: &[u8]) -> Sent {
        let Some(found) = self.ports.get_mut(&port) else {
            return Sent::Gone;
        };
        loop {
            return match found.socket.send(frame) {
                Ok(_) => {
                    self.taps.show(port, Direction::ToMachine, frame);
                    Sent::Taken
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => Sent::Full,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error()) => {
                    found.is_unannounced = true;
                    Sent::Full
                }
                Err(_) => Sent::Gone,
            };
        }
    }

    /// The ports that may have room again without the system's having said so.
    pub(in crate::process) fn take_unannounced(&mut self) -> Vec<PortId> {
        let ports = self.ports.iter_mut();
        ports
            .filter_map(|(&port, found)| std::mem::take(&mut found.is_unannounced).then_some(port))
            .collect()
    }
}
