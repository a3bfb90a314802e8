//! vsock by the kernel, where the host has it and this user may use it.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use container_agent_api::AGENT_VSOCK_PORT;
use container_stream::{ByteStream, connect_vsock};
use rustix::rand::{GetRandomFlags, getrandom};

/// Device of the kernel's vsock for guests.
const VHOST_VSOCK_PATH: &str = "/dev/vhost-vsock";

/// Context ids that guests may have: 0-2 are the hypervisor's, the loopback's and the host's, the highest means any
/// (vsock(7)).
const GUEST_CIDS: std::ops::Range<u32> = 3..u32::MAX;

/// The open device and a context id for a guest; `None` where there is no vsock.
pub(super) fn open() -> io::Result<Option<(u32, OwnedFd)>> {
    match File::options().read(true).write(true).open(VHOST_VSOCK_PATH) {
        Ok(device) => Ok(Some((random_cid()?, device.into()))),
        Err(_) => Ok(None),
    }
}

/// Connects to the agent of the guest with a context id.
pub(super) async fn connect(guest_cid: u32) -> io::Result<ByteStream> {
    connect_vsock(guest_cid, AGENT_VSOCK_PORT).await
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
