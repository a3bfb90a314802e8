//! A plan as the framework's objects. Everything is decided in the plan; here it is only said again.
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

mod boot;
mod disks;
mod network;
mod serial;
mod shares;

use std::os::fd::OwnedFd;

use container_hypervisor::CreateError;
use objc2::rc::Retained;
use objc2_foundation::{NSArray, NSString, NSURL};
use objc2_virtualization::{
    VZFileHandleNetworkDeviceAttachment, VZVirtioEntropyDeviceConfiguration, VZVirtioSocketDeviceConfiguration,
    VZVirtioTraditionalMemoryBalloonDeviceConfiguration, VZVirtualMachineConfiguration,
};

use crate::failure::VzFailure;
use crate::plan::{Device, Plan};
use crate::support;

/// A configuration that the framework takes.
pub(crate) struct Configured {
    pub(crate) configuration: Retained<VZVirtualMachineConfiguration>,
    /// What carries the frames of each network interface, in the order of the interfaces.
    pub(crate) attachments: Vec<Retained<VZFileHandleNetworkDeviceAttachment>>,
    /// What the machine calls itself.
    pub(crate) machine_identifier: Vec<u8>,
    /// Whether the framework can save such a machine.
    pub(crate) can_be_saved: bool,
}

/// Makes the objects. `console` is what the guest's console writes to.
///
/// # Errors
/// [`CreateError::Refused`] with what the framework says, [`CreateError::Host`] when a descriptor cannot be duplicated.
pub(crate) fn build(plan: &Plan, console: OwnedFd) -> Result<Configured, CreateError> {
    let Plan {
        name: _,
        boot,
        vcpu_count,
        memory_bytes,
        devices,
        platform,
    } = plan;
    let (platform, machine_identifier) = boot::platform(platform)?;
    let mut console = Some(console);
    let (mut serial_ports, mut sockets, mut entropy, mut balloons) = (vec![], vec![], vec![], vec![]);
    let (mut disks, mut interfaces, mut attachments, mut shares) = (vec![], vec![], vec![], vec![]);
    for device in devices {
        match device {
            Device::Console(_) => serial_ports.extend(console.take().map(serial::port)),
            // SAFETY: such an object may be made anywhere; it belongs to nothing yet.
            Device::Socket => sockets.push(unsafe { VZVirtioSocketDeviceConfiguration::new() }.into_super()),
            // SAFETY: as above.
            Device::Entropy => entropy.push(unsafe { VZVirtioEntropyDeviceConfiguration::new() }.into_super()),
            Device::Balloon => {
                // SAFETY: as above.
                let balloon = unsafe { VZVirtioTraditionalMemoryBalloonDeviceConfiguration::new() };
                balloons.push(balloon.into_super());
            }
            Device::Disk(disk) => disks.push(disks::device(disk)?.into_super()),
            Device::Network(network) => {
                let (interface, attachment) = network::interface(network)?;
                interfaces.push(interface.into_super());
                attachments.push(attachment);
            }
            Device::Share(share) => shares.push(shares::device(share)?.into_super()),
        }
    }
    // SAFETY: configurations are plain values until a machine is made of one, which copies it
    // (`-[VZVirtualMachine initWithConfiguration:queue:]`); all values are of the types that the properties have.
    let configuration = unsafe {
        let configuration = VZVirtualMachineConfiguration::new();
        configuration.setBootLoader(Some(&boot::loader(boot)));
        configuration.setPlatform(&platform);
        configuration.setCPUCount(*vcpu_count as usize);
        configuration.setMemorySize(*memory_bytes);
        configuration.setSerialPorts(&NSArray::from_retained_slice(&serial_ports));
        configuration.setSocketDevices(&NSArray::from_retained_slice(&sockets));
        configuration.setEntropyDevices(&NSArray::from_retained_slice(&entropy));
        configuration.setMemoryBalloonDevices(&NSArray::from_retained_slice(&balloons));
        configuration.setStorageDevices(&NSArray::from_retained_slice(&disks));
        configuration.setNetworkDevices(&NSArray::from_retained_slice(&interfaces));
        configuration.setDirectorySharingDevices(&NSArray::from_retained_slice(&shares));
        configuration
    };
    validate(&configuration)?;
    Ok(Configured {
        can_be_saved: support::can_be_saved(&configuration),
        configuration,
        attachments,
        machine_identifier,
    })
}

/// Asks the framework: a machine may only be made of what it takes.
fn validate(configuration: &VZVirtualMachineConfiguration) -> Result<(), CreateError> {
    // SAFETY: asks nothing of the caller; the configuration belongs to no machine.
    match unsafe { configuration.validateWithError() } {
        Ok(()) => Ok(()),
        Err(error) => {
            let failure = VzFailure::of(&error);
            Err(if failure.is_about_entitlement() {
                support::not_entitled(&failure)
            } else {
                failure.of_configuration()
            })
        }
    }
}

/// The URL of a file; `path` is absolute, or counts from the working directory.
pub(crate) fn file_url(path: &str) -> Retained<NSURL> {
    NSURL::fileURLWithPath(&NSString::from_str(path))
}
