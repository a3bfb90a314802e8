//! The lines between a machine's network interfaces and the switches.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;

use container_hypervisor::{FramePort, MacAddress};
use container_network::{FramePair, frame_pair};

use super::interface::device_address;

/// Lines beyond those that the container's networks need, so that it can be connected to another one while it runs: a machine can get no
/// further interface then.
const SPARE_LINES: usize = 1;

/// The launcher's ends of them.
pub(crate) struct Lines {
    ends: Vec<Arc<UnixDatagram>>,
}

impl Lines {
    /// Largest IP packet of every machine's devices, bytes. What an interface uses of it is set later.
    pub(crate) const MTU_BYTES: u16 = u16::MAX;

    /// Makes lines for so many networks, and the ports that the machine has for them.
    ///
    /// `most` is how many a machine can have. More networks than that are refused with the machine.
    pub(crate) fn make(networks: usize, most: usize) -> io::Result<(Self, Vec<FramePort>)> {
        let mut ends = Vec::new();
        let mut ports = Vec::new();
        for line in 0..most.min(networks + SPARE_LINES).max(networks) {
            let FramePair { machine, switch } = frame_pair()?;
            ends.push(Arc::new(switch));
            ports.push(FramePort {
                socket: machine.into(),
                mac_address: MacAddress(device_address(line)),
                mtu_bytes: Self::MTU_BYTES,
            });
        }
        Ok((Self { ends }, ports))
    }

    pub(crate) fn count(&self) -> usize {
        self.ends.len()
    }

    /// The switch's end of a line.
    pub(crate) fn switch_end(&self, line: usize) -> Option<Arc<UnixDatagram>> {
        self.ends.get(line).cloned()
    }
}
