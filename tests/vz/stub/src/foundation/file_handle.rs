//! `NSFileHandle`: a descriptor that is closed with the object when its maker says so.

use crate::runtime::{ClassDescription, Flag, Id, objc_class, with_payload};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

#[derive(Default)]
struct Descriptor {
    number: Option<RawFd>,
    /// The same, when it is to be closed.
    owned: Option<OwnedFd>,
}

pub(super) fn description() -> ClassDescription {
    objc_class!("NSFileHandle": "NSObject" {
        - "initWithFileDescriptor:closeOnDealloc:" (this, descriptor: i32, closes: Flag) -> Id {
            init(this, descriptor, closes != 0)
        }
        - "initWithFileDescriptor:" (this, descriptor: i32) -> Id { init(this, descriptor, false) }
        - "fileDescriptor" (this) -> i32 { number(this) }
    })
}

unsafe fn init(handle: Id, descriptor: RawFd, closes: bool) -> Id {
    with_payload(handle, |own: &mut Descriptor| {
        own.number = Some(descriptor);
        own.owned = closes.then(|| OwnedFd::from_raw_fd(descriptor));
    });
    handle
}

/// The descriptor, or -1.
pub(crate) unsafe fn number(handle: Id) -> RawFd {
    with_payload(handle, |own: &mut Descriptor| own.number.unwrap_or(-1))
}
