//! Network interfaces.
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use container_hypervisor::{ConfigError, CreateError};
use objc2::AllocAnyThread as _;
use objc2::rc::Retained;
use objc2_foundation::NSString;
use objc2_virtualization::{VZFileHandleNetworkDeviceAttachment, VZMACAddress, VZVirtioNetworkDeviceConfiguration};

use super::serial::file_handle;
use crate::plan::NetworkPlan;

type Interface = (
    Retained<VZVirtioNetworkDeviceConfiguration>,
    Retained<VZFileHandleNetworkDeviceAttachment>,
);

/// The interface, and the attachment that it loses when it is disconnected.
pub(super) fn interface(network: &NetworkPlan) -> Result<Interface, CreateError> {
    let NetworkPlan {
        socket,
        mac_address,
        mtu_bytes,
    } = network;
    let socket = socket.duplicate().map_err(|source| CreateError::Host {
        what: "network interface",
        source,
    })?;
    // SAFETY: plain values of the types that the methods take. The descriptor is a connected datagram socket, as the attachment wants
    // it, and belongs to the file handle, which lives as long as the attachment.
    unsafe {
        let attachment = VZFileHandleNetworkDeviceAttachment::initWithFileHandle(
            VZFileHandleNetworkDeviceAttachment::alloc(),
            &file_handle(socket),
        );
        attachment.setMaximumTransmissionUnit(*mtu_bytes as isize);
        let text = NSString::from_str(mac_address);
        let address =
            VZMACAddress::initWithString(VZMACAddress::alloc(), &text).ok_or_else(|| ConfigError::Unavailable {
                what: "a network interface",
                reason: format!("{mac_address} is no hardware address to Virtualization.framework"),
            })?;
        let interface = VZVirtioNetworkDeviceConfiguration::new();
        interface.setMACAddress(&address);
        interface.setAttachment(Some(&attachment));
        Ok((interface, attachment))
    }
}
