//! A connection to the kernel's network configuration, rtnetlink(7).
//!
//! The kernel answers a request before `sendto` returns, so that no call here waits.

mod message;

use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

pub(crate) use message::attributes;
pub(crate) use message::u32_at;
use message::{Message, messages};

/// `NLMSG_ERROR`, `linux/netlink.h`: a negative error number, zero to acknowledge, and then the request.
const NLMSG_ERROR: u16 = 2;
/// `NLMSG_DONE`, `linux/netlink.h`: the end of a dump.
const NLMSG_DONE: u16 = 3;
/// `NLM_F_REQUEST | NLM_F_ACK`, `linux/netlink.h`.
const REQUEST_WITH_ANSWER: u16 = 0x1 | 0x4;
/// `NLM_F_REQUEST | NLM_F_DUMP`, `linux/netlink.h`.
const REQUEST_ALL: u16 = 0x1 | 0x300;

/// `NLM_F_REPLACE`: override what is there.
pub(crate) const REPLACE: u16 = 0x100;
/// `NLM_F_CREATE`: make what is not there.
pub(crate) const CREATE: u16 = 0x400;

/// Room for an answer, bytes. The kernel fills datagrams of a dump up to 32 KiB where the reader has room for them.
const ANSWER_BYTES: usize = 32 << 10;

/// A socket of the family `NETLINK_ROUTE`.
#[derive(Debug)]
pub(crate) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

impl Netlink {
    /// Opens a connection.
    pub(crate) fn open() -> rustix::io::Result<Self> {
        // Protocol 0 of this family is NETLINK_ROUTE.
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Asks for a change: a message of `kind` with the structure `body` and `attributes`. `flags` are [`CREATE`] and [`REPLACE`].
    pub(crate) fn change(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
        attributes: &[(u16, &[u8])],
    ) -> rustix::io::Result<()> {
        self.send(message(kind, REQUEST_WITH_ANSWER | flags, body, attributes))?;
        let mut room = [0; 1024];
        loop {
            let (_, length) = recv(&self.socket, &mut room[..], RecvFlags::empty())?;
            let answer = room.get(..length).unwrap_or_default();
            for received in messages(answer).filter(|received| received.sequence == self.sequence) {
                if received.kind == NLMSG_ERROR {
                    return error_of(received.payload);
                }
            }
        }
    }

    /// Everything that the kernel has of one kind: the payload of each message of the answer. The request has the structure
    /// `body` and `attributes`.
    pub(crate) fn dump(
        &mut self,
        kind: u16,
        body: &[u8],
        attributes: &[(u16, &[u8])],
    ) -> rustix::io::Result<Vec<Vec<u8>>> {
        self.send(message(kind, REQUEST_ALL, body, attributes))?;
        let mut room = vec![0; ANSWER_BYTES];
        let mut found = Vec::new();
        loop {
            let (_, length) = recv(&self.socket, &mut room[..], RecvFlags::empty())?;
            let answer = room.get(..length).unwrap_or_default();
            for received in messages(answer).filter(|received| received.sequence == self.sequence) {
                match received.kind {
                    NLMSG_DONE => return Ok(found),
                    NLMSG_ERROR => error_of(received.payload)?,
                    _ => found.push(received.payload.to_vec()),
                }
            }
        }
    }

    fn send(&mut self, message: Message) -> rustix::io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let message = message.finish(self.sequence);
        sendto(
            &self.socket,
            &message,
            SendFlags::empty(),
            &SocketAddrNetlink::new(0, 0),
        )
        .map(drop)
    }
}

fn message(kind: u16, flags: u16, body: &[u8], attributes: &[(u16, &[u8])]) -> Message {
    let message = Message::new(kind, flags, body);
    attributes
        .iter()
        .fold(message, |message, (kind, value)| message.attribute(*kind, value))
}

/// The result that an `NLMSG_ERROR` carries.
fn error_of(payload: &[u8]) -> rustix::io::Result<()> {
    match u32_at(payload, 0).map(u32::cast_signed) {
        None | Some(0) => Ok(()),
        Some(error) => Err(Errno::from_raw_os_error(error.saturating_neg())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `RTM_GETLINK`, `linux/rtnetlink.h`.
    const RTM_GETLINK: u16 = 18;
    /// `RTM_SETLINK`, `linux/rtnetlink.h`.
    const RTM_SETLINK: u16 = 19;

    #[test]
    fn a_dump_ends_and_has_the_loopback_interface() {
        let mut netlink = Netlink::open().unwrap();
        for _ in 0..2 {
            let found = netlink.dump(RTM_GETLINK, &[0; 16], &[]).unwrap();
            assert!(found.iter().any(|link| u32_at(link, 4) == Some(1)));
        }
    }

    #[test]
    fn a_refusal_is_the_kernel_s() {
        let mut body = [0; 16];
        body[4..8].copy_from_slice(&i32::MAX.to_ne_bytes());
        let error = Netlink::open().unwrap().change(RTM_SETLINK, 0, &body, &[]).unwrap_err();
        assert!(matches!(error, Errno::NODEV | Errno::PERM), "{error}");
    }

    #[test]
    fn answers_are_understood() {
        assert_eq!(error_of(&[0; 20]), Ok(()));
        assert_eq!(error_of(&(-1_i32).to_ne_bytes()), Err(Errno::PERM));
        assert_eq!(error_of(&[]), Ok(()));
    }
}
