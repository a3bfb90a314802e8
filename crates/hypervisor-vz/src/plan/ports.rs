//! Network interfaces whose frames go over a descriptor.

use container_hypervisor::{FramePort, SharedDescriptor};

/// `VZFileHandleNetworkDeviceAttachment` and its `VZVirtioNetworkDeviceConfiguration`.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkPlan {
    /// The connected datagram socket.
    pub socket: SharedDescriptor,
    /// Hardware address of the guest's interface: six pairs of hexadecimal digits with colons between them.
    pub mac_address: String,
    /// Largest IP packet, bytes.
    pub mtu_bytes: u16,
}

impl From<FramePort> for NetworkPlan {
    fn from(port: FramePort) -> Self {
        let FramePort {
            socket,
            mac_address,
            mtu_bytes,
        } = port;
        Self {
            socket,
            mac_address: mac_address.to_string(),
            mtu_bytes,
        }
    }
}
