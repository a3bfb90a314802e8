//! The channels of a machine: pairs of sockets without names, or vsock.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::Duration;

use container_agent_api::AGENT_VSOCK_PORT;
use container_stream::{ByteStream, connect_vsock};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::command_line::AgentChannel;

/// Device of the kernel's vsock for guests.
const VHOST_VSOCK_PATH: &str = "/dev/vhost-vsock";

/// Context ids that guests may have: 0-2 are the hypervisor's, the loopback's and the host's, the highest means any
/// (vsock(7)).
const GUEST_CIDS: std::ops::Range<u32> = 3..u32::MAX;

/// Pause between attempts while the guest does not listen yet.
const VSOCK_RETRY: Duration = Duration::from_millis(5);

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
    /// The one stream there is.
    Port(OwnedFd),
    /// As many as wanted.
    Vsock { guest_cid: u32 },
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
        AgentEnd::Port(ours),
        theirs,
    ))
}

/// Two machines of a host cannot have one id; among four thousand million a collision is left to QEMU's refusal to
/// start.
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

/// Connects as soon as the guest listens. Unbounded: the caller watches the machine and the clock.
pub(crate) async fn connect_when_listening(guest_cid: u32) -> ByteStream {
    loop {
        if let Ok(stream) = connect_vsock(guest_cid, AGENT_VSOCK_PORT).await {
            return stream;
        }
        tokio::time::sleep(VSOCK_RETRY).await;
    }
}
