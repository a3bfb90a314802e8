//! The socket of a published UDP port, which answers from the address that the client has sent to.
//!
//! A socket on all addresses of the host would answer from the one that the routes to the client suggest, and a client that asked another
//! one does not take that.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd as _;

use mio::net::UdpSocket;
use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::sockopt::{Ipv4PacketInfo, Ipv6RecvPacketInfo};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockaddrLike as _, SockaddrStorage, recvmsg, sendmsg,
    setsockopt,
};
use socket2::Socket;

/// Who sends datagrams to a published port. The same program is another client at each address of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::process) struct UdpClient {
    /// Its address.
    pub(in crate::process) address: SocketAddr,
    /// The host's address that it sends to; `None`: the socket has one only, or the datagram was for a group.
    asked: Option<AskedAddress>,
}

/// An address of the host that a client has sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct AskedAddress {
    address: IpAddr,
    /// The interface of a link-local address; 0 for all others.
    interface: u32,
}

/// The socket of a published UDP port.
#[derive(Debug)]
pub(in crate::process) struct Datagrams {
    pub(super) socket: UdpSocket,
}

/// Has the system tell of each datagram to which address of the host it was sent.
pub(super) fn tell_asked_address(socket: &Socket, is_ipv6: bool) -> io::Result<()> {
    if is_ipv6 {
        setsockopt(socket, Ipv6RecvPacketInfo, &true)?;
    } else {
        setsockopt(socket, Ipv4PacketInfo, &true)?;
    }
    Ok(())
}

impl Datagrams {
    /// Takes the next datagram: its length, and who has sent it.
    pub(in crate::process) fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, UdpClient)> {
        self.socket.try_io(|| {
            let mut room = nix::cmsg_space!(in6_pktinfo, in_pktinfo);
            let mut parts = [IoSliceMut::new(buffer)];
            let descriptor = self.socket.as_raw_fd();
            let received = recvmsg::<SockaddrStorage>(descriptor, &mut parts, Some(&mut room), MsgFlags::empty())?;
            let address = received.address.as_ref().and_then(socket_address);
            let address = address.ok_or(ErrorKind::InvalidData)?;
            let asked = received.cmsgs().ok().and_then(|mut told| told.find_map(asked_address));
            Ok((received.bytes, UdpClient { address, asked }))
        })
    }

    /// Sends a datagram to a client, from the address that it has sent to.
    pub(in crate::process) fn answer(&self, client: &UdpClient, payload: &[u8]) -> io::Result<()> {
        let Some(asked) = client.asked else {
            return self.send(client, payload, &[]);
        };
        let sent = match asked.address {
            IpAddr::V4(address) => {
                let info = in_pktinfo {
                    ipi_ifindex: 0,
                    ipi_spec_dst: in_addr {
                        s_addr: u32::from_ne_bytes(address.octets()),
                    },
                    ipi_addr: in_addr { s_addr: 0 },
                };
                self.send(client, payload, &[ControlMessage::Ipv4PacketInfo(&info)])
            }
            IpAddr::V6(address) => {
                let info = in6_pktinfo {
                    ipi6_addr: in6_addr {
                        s6_addr: address.octets(),
                    },
                    ipi6_ifindex: asked.interface,
                };
                self.send(client, payload, &[ControlMessage::Ipv6PacketInfo(&info)])
            }
        };
        match sent {
            // The host has not got that address, or no longer: it was one for all hosts of a subnet, for example.
            Err(error) if is_about_the_source(&error) => self.send(client, payload, &[]),
            sent => sent,
        }
    }

    fn send(&self, client: &UdpClient, payload: &[u8], control: &[ControlMessage<'_>]) -> io::Result<()> {
        let address = SockaddrStorage::from(client.address);
        self.socket.try_io(|| {
            let descriptor = self.socket.as_raw_fd();
            sendmsg(
                descriptor,
                &[IoSlice::new(payload)],
                control,
                MsgFlags::empty(),
                Some(&address),
            )?;
            Ok(())
        })
    }
}

/// What systems say of a source that is not the host's: macOS the first, Linux one of the others.
fn is_about_the_source(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::AddrNotAvailable | ErrorKind::InvalidInput | ErrorKind::NetworkUnreachable
    )
}

fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    match address.family()? {
        AddressFamily::Inet => address.as_sockaddr_in().map(|address| SocketAddr::from(*address)),
        AddressFamily::Inet6 => address.as_sockaddr_in6().map(|address| SocketAddr::from(*address)),
        _ => None,
    }
}

/// The address that a datagram was sent to, if an answer may come from it.
fn asked_address(told: ControlMessageOwned) -> Option<AskedAddress> {
    let (address, interface) = match told {
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            // Linux says here what answers come from, also of a datagram to all hosts of a subnet; macOS leaves it empty.
            let chosen = if info.ipi_spec_dst.s_addr == 0 {
                info.ipi_addr
            } else {
                info.ipi_spec_dst
            };
            (IpAddr::from(chosen.s_addr.to_ne_bytes()), 0)
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => (IpAddr::from(info.ipi6_addr.s6_addr), info.ipi6_ifindex),
        _ => return None,
    };
    let is_one_host = !address.is_unspecified() && !address.is_multicast();
    let is_link_local = matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
    is_one_host.then_some(AskedAddress {
        address,
        interface: if is_link_local { interface } else { 0 },
    })
}

#[cfg(test)]
mod tests;
