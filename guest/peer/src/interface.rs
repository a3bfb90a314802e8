//! An interface of a machine that has no other program to configure it, by rtnetlink(7).

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;

use rustix::net::netdevice::name_to_index;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// Messages of `linux/rtnetlink.h`.
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
/// Attributes of an address, `linux/if_addr.h`.
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
/// `IFF_UP`, `linux/if.h`.
const IFF_UP: u32 = 1;
/// `NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE`, `linux/netlink.h`.
const CHANGE_WITH_ANSWER: u16 = 0x1 | 0x4 | 0x400;
/// `AF_INET`, `linux/socket.h`.
const AF_INET: u8 = 2;
/// Bytes of the header of a message, and of an attribute (netlink(7)).
const HEADER_BYTES: usize = 16;
const ATTRIBUTE_HEADER_BYTES: u16 = 4;

/// An interface, and a connection to the kernel's configuration of it.
pub(crate) struct Interface {
    socket: OwnedFd,
    index: u32,
}

impl Interface {
    pub(crate) fn named(name: &str) -> io::Result<Self> {
        // Protocol 0 of this family is NETLINK_ROUTE.
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
        let any = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
        let index = name_to_index(&any, name)?;
        Ok(Self { socket, index })
    }

    /// Switches it on and gives it an address.
    pub(crate) fn configure(&self, address: Ipv4Addr, prefix_bits: u8) -> io::Result<()> {
        self.change(RTM_NEWLINK, &self.up())?;
        let mut body = vec![AF_INET, prefix_bits, 0, 0];
        body.extend(self.index.to_ne_bytes());
        for kind in [IFA_LOCAL, IFA_ADDRESS] {
            body.extend((ATTRIBUTE_HEADER_BYTES + 4).to_ne_bytes());
            body.extend(kind.to_ne_bytes());
            body.extend(address.octets());
        }
        self.change(RTM_NEWADDR, &body)
    }

    /// `struct ifinfomsg`: family and type of any, the index, the flags, and those of them that change.
    fn up(&self) -> Vec<u8> {
        let fields = [0, self.index, IFF_UP, IFF_UP];
        fields.iter().flat_map(|field| field.to_ne_bytes()).collect()
    }

    /// Asks for a change and waits for the kernel's answer: an error number, which is zero when it is done (netlink(7), `NLMSG_ERROR`).
    fn change(&self, kind: u16, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(HEADER_BYTES + body.len()).map_err(io::Error::other)?;
        let mut message = Vec::from(length.to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend(CHANGE_WITH_ANSWER.to_ne_bytes());
        // The sequence number, and the sender, which the kernel knows.
        message.extend([0; 8]);
        message.extend(body);
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(&self.socket, &message, SendFlags::empty(), &kernel)?;
        let mut answer = [0; 1024];
        recv(&self.socket, &mut answer[..], RecvFlags::empty())?;
        let error = answer.get(HEADER_BYTES..).and_then(|payload| payload.first_chunk());
        match error.copied().map(i32::from_ne_bytes) {
            Some(0) => Ok(()),
            Some(error) => Err(io::Error::from_raw_os_error(error.saturating_neg())),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
