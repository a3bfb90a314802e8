//! Configurations of machines, built device by device.

#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use objc2::AllocAnyThread as _;
use objc2::rc::Retained;
use objc2_foundation::{NSArray, NSFileHandle, NSString, NSURL};
use objc2_virtualization::{
    VZFileHandleNetworkDeviceAttachment, VZFileHandleSerialPortAttachment, VZLinuxBootLoader,
    VZVirtioConsoleDeviceSerialPortConfiguration, VZVirtioNetworkDeviceConfiguration,
    VZVirtioSocketDeviceConfiguration, VZVirtualMachineConfiguration,
};
use std::os::fd::{IntoRawFd, OwnedFd};
use std::path::Path;

/// A URL for a file.
pub fn file_url(path: &Path) -> Retained<NSURL> {
    NSURL::fileURLWithPath(&NSString::from_str(&path.to_string_lossy()))
}

/// A file handle that owns a descriptor.
pub fn file_handle(descriptor: impl Into<OwnedFd>) -> Retained<NSFileHandle> {
    let descriptor = descriptor.into().into_raw_fd();
    NSFileHandle::initWithFileDescriptor_closeOnDealloc(NSFileHandle::alloc(), descriptor, true)
}

/// The smallest valid configuration, with a socket device.
pub fn smallest() -> Retained<VZVirtualMachineConfiguration> {
    // Any file will do for a kernel that never runs.
    let kernel = file_url(&std::env::current_exe().unwrap_or_default());
    // SAFETY: configurations are plain values.
    unsafe {
        let loader = VZLinuxBootLoader::initWithKernelURL(VZLinuxBootLoader::alloc(), &kernel);
        let configuration = VZVirtualMachineConfiguration::new();
        configuration.setBootLoader(Some(&loader));
        configuration.setCPUCount(1);
        configuration.setMemorySize(64 << 20);
        let socket = VZVirtioSocketDeviceConfiguration::new();
        configuration.setSocketDevices(&NSArray::from_retained_slice(&[socket.into_super()]));
        configuration
    }
}

/// Gives a configuration a console that writes to `output`.
pub fn add_console(configuration: &VZVirtualMachineConfiguration, output: impl Into<OwnedFd>) {
    // SAFETY: configurations are plain values.
    unsafe {
        let attachment = VZFileHandleSerialPortAttachment::initWithFileHandleForReading_fileHandleForWriting(
            VZFileHandleSerialPortAttachment::alloc(),
            None,
            Some(&file_handle(output)),
        );
        let port = VZVirtioConsoleDeviceSerialPortConfiguration::new();
        port.setAttachment(Some(&attachment));
        configuration.setSerialPorts(&NSArray::from_retained_slice(&[port.into_super()]));
    }
}

/// Gives a configuration a network device on `socket`.
pub fn add_network(configuration: &VZVirtualMachineConfiguration, socket: impl Into<OwnedFd>, mtu_bytes: isize) {
    // SAFETY: configurations are plain values.
    unsafe {
        let attachment = VZFileHandleNetworkDeviceAttachment::initWithFileHandle(
            VZFileHandleNetworkDeviceAttachment::alloc(),
            &file_handle(socket),
        );
        attachment.setMaximumTransmissionUnit(mtu_bytes);
        let device = VZVirtioNetworkDeviceConfiguration::new();
        device.setAttachment(Some(&attachment));
        configuration.setNetworkDevices(&NSArray::from_retained_slice(&[device.into_super()]));
    }
}
