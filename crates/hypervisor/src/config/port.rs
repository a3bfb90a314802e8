//! Network interfaces of a machine.

use std::fmt;

use crate::SharedDescriptor;

/// A network interface of the machine: the peer of `socket` sends and receives its Ethernet frames.
#[derive(Debug, Clone, PartialEq)]
pub struct FramePort {
    /// A connected datagram socket (`SOCK_DGRAM`, Unix domain): one frame in each datagram, without a header. The machine's end
    /// of it; who makes the pair sizes the buffers of both ends.
    pub socket: SharedDescriptor,
    /// Hardware address of the guest's interface.
    pub mac_address: MacAddress,
    /// Largest IP packet, bytes: [`FramePort::MTU_BYTES`].
    pub mtu_bytes: u16,
}

impl FramePort {
    /// MTUs that every backend carries, bytes. Virtualization.framework has no less than 1500.
    pub const MTU_BYTES: std::ops::RangeInclusive<u16> = 1500..=u16::MAX;
}

/// An Ethernet address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MacAddress(pub [u8; 6]);

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}
