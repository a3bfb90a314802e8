//! Brings the loopback interface up, with one rtnetlink(7) message.

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// `RTM_NEWLINK`, `linux/rtnetlink.h`.
const RTM_NEWLINK: u16 = 16;
/// `NLM_F_REQUEST | NLM_F_ACK`, `linux/netlink.h`.
const REQUEST_WITH_ANSWER: u16 = 0x1 | 0x4;
/// `IFF_UP`, `linux/if.h`.
const IFF_UP: u32 = 1;
/// The loopback interface is the first of every network namespace.
const LOOPBACK_INDEX: u32 = 1;
/// Size of the header and of the interface message, bytes.
const MESSAGE_BYTES: u32 = 32;

/// Sets `lo` up; the kernel gives it its addresses.
pub(crate) fn bring_up() -> rustix::io::Result<()> {
    // Protocol 0 of this family is NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    sendto(&socket, &message(), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut answer = [0_u8; 256];
    let (_, length) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
    error_of(answer.get(..length).unwrap_or_default())
}

/// `struct nlmsghdr` followed by `struct ifinfomsg`.
fn message() -> [u8; MESSAGE_BYTES as usize] {
    let mut message = [0; MESSAGE_BYTES as usize];
    message[0..4].copy_from_slice(&MESSAGE_BYTES.to_ne_bytes());
    message[4..6].copy_from_slice(&RTM_NEWLINK.to_ne_bytes());
    message[6..8].copy_from_slice(&REQUEST_WITH_ANSWER.to_ne_bytes());
    message[20..24].copy_from_slice(&LOOPBACK_INDEX.to_ne_bytes());
    message[24..28].copy_from_slice(&IFF_UP.to_ne_bytes());
    message[28..32].copy_from_slice(&IFF_UP.to_ne_bytes());
    message
}

/// The negative error number of an `NLMSG_ERROR` answer follows its header; zero acknowledges.
fn error_of(answer: &[u8]) -> rustix::io::Result<()> {
    let error = answer
        .get(16..20)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, i32::from_ne_bytes);
    if error == 0 {
        Ok(())
    } else {
        Err(Errno::from_raw_os_error(error.saturating_neg()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_understood() {
        let mut answer = [0_u8; 36];
        assert_eq!(error_of(&answer), Ok(()));
        answer[16..20].copy_from_slice(&(-1_i32).to_ne_bytes());
        assert_eq!(error_of(&answer), Err(Errno::PERM));
        assert_eq!(error_of(&[]), Ok(()));
    }
}
