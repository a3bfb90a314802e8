//! The channels of a machine: pairs of sockets without names, or vsock.

#[cfg(not(target_os = "linux"))]
mod no_vsock;
#[cfg(target_os = "linux")]
mod vsock;

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;

use async_trait::async_trait;
use container_hypervisor::{AgentConnector, AgentStream, ConnectError};
use container_stream::ByteStream;

use crate::command_line::AgentChannel;
#[cfg(not(target_os = "linux"))]
use no_vsock as vsock;

/// A pair of connected sockets.
pub(crate) struct SocketPair {
    /// This process's end.
    pub(crate) ours: OwnedFd,
    /// QEMU's end.
    pub(crate) theirs: OwnedFd,
}

impl SocketPair {
    pub(crate) fn new() -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        Ok(Self {
            ours: ours.into(),
            theirs: theirs.into(),
        })
    }
}

/// This process's side of the agent's channel.
#[derive(Debug)]
pub(crate) enum AgentEnd {
    /// The stream itself, until it is taken.
    Port(Option<OwnedFd>),
    /// A port that is closed, see [`crate::late_port`].
    ClosedPort,
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
            // Who opens it has the control channel.
            Self::ClosedPort => Err(ConnectError::Stream {
                source: io::ErrorKind::NotConnected.into(),
            }),
            // Any reason may be that of a guest that is still starting: no such machine before QEMU has opened the
            // device, a reset before the agent listens, a time-out before the guest's driver is there.
            Self::Vsock { guest_cid } => vsock::connect(*guest_cid)
                .await
                .map_err(|source| ConnectError::NotListening { source }),
        }
    }
}

/// Makes the agent's channel: vsock where this user may use it, else a port. The descriptor is QEMU's end; a port that is to be closed has
/// none.
pub(crate) fn agent(is_closed: bool) -> io::Result<(AgentChannel, AgentEnd, Option<OwnedFd>)> {
    if let Some((guest_cid, device)) = vsock::open()? {
        let descriptor = device.as_raw_fd();
        return Ok((
            AgentChannel::Vsock { guest_cid, descriptor },
            AgentEnd::Vsock { guest_cid },
            Some(device),
        ));
    }
    if is_closed {
        return Ok((AgentChannel::ClosedPort, AgentEnd::ClosedPort, None));
    }
    let SocketPair { ours, theirs } = SocketPair::new()?;
    Ok((
        AgentChannel::Port {
            descriptor: theirs.as_raw_fd(),
        },
        AgentEnd::Port(Some(ours)),
        Some(theirs),
    ))
}

/// Whether the agent's channel is vsock.
pub(crate) fn has_vsock() -> bool {
    matches!(vsock::open(), Ok(Some(_)))
}
