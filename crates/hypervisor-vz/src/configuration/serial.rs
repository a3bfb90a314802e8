//! The serial port that is the guest's console, and file handles.
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use std::os::fd::{IntoRawFd as _, OwnedFd};

use objc2::AllocAnyThread as _;
use objc2::rc::Retained;
use objc2_foundation::NSFileHandle;
use objc2_virtualization::{
    VZFileHandleSerialPortAttachment, VZSerialPortConfiguration, VZVirtioConsoleDeviceSerialPortConfiguration,
};

/// A serial port that writes to `output` and reads nothing.
pub(super) fn port(output: OwnedFd) -> Retained<VZSerialPortConfiguration> {
    // SAFETY: a handle with a valid descriptor for writing and nil for reading is what the attachment takes.
    unsafe {
        let attachment = VZFileHandleSerialPortAttachment::initWithFileHandleForReading_fileHandleForWriting(
            VZFileHandleSerialPortAttachment::alloc(),
            None,
            Some(&file_handle(output)),
        );
        let port = VZVirtioConsoleDeviceSerialPortConfiguration::new();
        port.setAttachment(Some(&attachment));
        port.into_super()
    }
}

/// A handle that owns its descriptor: it closes it when the last attachment that has it is gone.
pub(super) fn file_handle(descriptor: OwnedFd) -> Retained<NSFileHandle> {
    NSFileHandle::initWithFileDescriptor_closeOnDealloc(NSFileHandle::alloc(), descriptor.into_raw_fd(), true)
}
