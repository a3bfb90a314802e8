//! The errors of the framework.

use crate::foundation::error;
use crate::runtime::{Id, Strong, autorelease};
use std::io;

/// `VZErrorCode` of the bindings.
#[derive(Clone, Copy)]
pub(super) enum Code {
    Internal = 1,
    InvalidVirtualMachineConfiguration = 2,
    InvalidVirtualMachineState = 3,
    InvalidVirtualMachineStateTransition = 4,
    VirtualMachineLimitExceeded = 6,
    NetworkError = 7,
    NotSupported = 10,
    Save = 11,
    Restore = 12,
}

/// The name of `NSPOSIXErrorDomain`.
const POSIX: &str = "NSPOSIXErrorDomain";
/// `ENOTSUP` of macOS.
const ENOTSUP: isize = 45;
/// `ECONNRESET` of macOS.
const ECONNRESET: isize = 54;

/// An error of `VZErrorDomain`.
pub(super) fn framework(code: Code, reason: &str) -> Strong {
    caused(code, reason, None)
}

/// An error of `VZErrorDomain` with what is behind it.
pub(super) fn caused(code: Code, reason: &str, underlying: Option<Strong>) -> Strong {
    let text = match code {
        Code::Internal => "Internal Virtualization error.",
        Code::InvalidVirtualMachineConfiguration => "Invalid virtual machine configuration.",
        Code::InvalidVirtualMachineState => "Invalid virtual machine state.",
        Code::InvalidVirtualMachineStateTransition => "Invalid virtual machine state transition.",
        Code::VirtualMachineLimitExceeded => {
            "The maximum supported number of active virtual machines has been reached."
        }
        Code::NetworkError => "The network device attachment was disconnected.",
        Code::NotSupported => "The operation is not supported.",
        Code::Save => "The virtual machine could not be saved.",
        Code::Restore => "The virtual machine could not be restored.",
    };
    let whole = format!("{text} {reason}");
    error::new("VZErrorDomain", code as isize, &whole, Some(reason), underlying)
}

/// What the framework says of a disk image that is not there.
pub(super) fn no_such_disk() -> Strong {
    posix(ENOTSUP, "Operation not supported")
}

/// What the framework says of a connection that the guest does not take.
pub(super) fn refused() -> Strong {
    posix(ECONNRESET, "Connection reset by peer")
}

/// What went wrong in this process, under the number that Linux gives it.
pub(super) fn of_system(error: &io::Error) -> Strong {
    posix(error.raw_os_error().unwrap_or_default() as isize, &error.to_string())
}

fn posix(code: isize, reason: &str) -> Strong {
    let text = format!("The operation couldn\u{2019}t be completed. {reason}");
    error::new(POSIX, code, &text, Some(reason), None)
}

/// Writes an error to where a caller of Objective-C wants it, who may not want it.
pub(super) unsafe fn write(place: *mut Id, error: Strong) {
    if !place.is_null() {
        *place = autorelease(error);
    }
}
