//! The channels of a machine: pairs of sockets without names, or vsock.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};

use async_trait::async_trait;
use container_agent_api::AGENT_VSOCK_PORT;
use container_hypervisor::{AgentConnector, AgentStream, ConnectError};
use container_stream::{ByteStream, connect_vsock};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::command_line::AgentChannel;

/// Device of the kernel's vsock for guests.
const VHOST_VSOCK_PATH: &str = "/dev/vhost-vsock";

/// Context ids that guests may have: 0-2 are the hypervisor's, the loopback's and the host's, the highest means any
/// (vsock(7)).
const GUEST_CIDS: std::ops::Range<u32> = 3..u32::MAX;

/// A pair of connected sockets.
pub(crate) struct SocketPair {
    /// This process's end.
    pub(crate) ours: OwnedFd,
    /// QEMU's end.
    pub(crate) theirs: OwnedFd,
}

impl SocketPair {
    pub(crate) fn new() -> io::Result<Self> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        Ok(Self { ours, theirs })
    }
}

/// This process's side of the agent's channel.
#[derive(Debug)]
pub(crate) enum AgentEnd {
    /// The stream itself, until it is taken.
    Port(Option<OwnedFd>),
    /// An address at which the guest will listen.
    Vsock {
        /// Context id of the guest.
        guest_cid: u32,
    },
}

#[async_trait]
impl AgentConnector for AgentEnd {
    async fn connect(&mut self) -> Result<AgentStream, ConnectError> {
        match self {
            Self::Port(socket) => socket
                .take()
                .ok_or_else(|| io::ErrorKind::NotConnected.into())
                .and_then(ByteStream::from_socket)
                .map_err(|source| ConnectError::Stream { source }),
            // Any reason may be that of a guest that is still starting: no such machine before QEMU has opened the
            // device, a reset before the agent listens, a time-out before the guest's driver is there.
            Self::Vsock { guest_cid } => connect_vsock(*guest_cid, AGENT_VSOCK_PORT)
                .await
                .map_err(|source| ConnectError::NotListening { source }),
        }
    }
}

/// Makes the agent's channel: vsock where this user may use it, else a port. The descriptor is QEMU's end.
pub(crate) fn agent() -> io::Result<(AgentChannel, AgentEnd, OwnedFd)> {
    if let Ok(device) = std::fs::File::options().read(true).write(true).open(VHOST_VSOCK_PATH) {
        let guest_cid = random_cid()?;
        let device = OwnedFd::from(device);
        let descriptor = device.as_raw_fd();
        return Ok((
            AgentChannel::Vsock { guest_cid, descriptor },
            AgentEnd::Vsock { guest_cid },
            device,
        ));
    }
    let SocketPair { ours, theirs } = SocketPair::new()?;
    Ok((
        AgentChannel::Port {
            descriptor: theirs.as_raw_fd(),
        },
        AgentEnd::Port(Some(ours)),
        theirs,
    ))
}

/// Two machines of a host cannot have one id. QEMU refuses to start with an id that is taken; among four thousand million
/// that is not worth a second try.
fn random_cid() -> io::Result<u32> {
    loop {
        let mut bytes = [0; 4];
        getrandom(&mut bytes, GetRandomFlags::empty())?;
        let cid = u32::from_ne_bytes(bytes);
        if GUEST_CIDS.contains(&cid) {
            return Ok(cid);
        }
    }
}
