//! `VZVirtioSocketConnection`: a stream between host and guest, which owns its descriptor.

use crate::runtime::{ClassDescription, Id, Strong, allocate, class_named, objc_class, with_payload};
use std::os::fd::{AsRawFd, OwnedFd};

#[derive(Default)]
struct Connection {
    descriptor: Option<OwnedFd>,
    source_port: u32,
    destination_port: u32,
}

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![objc_class!("VZVirtioSocketConnection": "NSObject" {
        - "sourcePort" (this) -> u32 { with_payload(this, |connection: &mut Connection| connection.source_port) }
        - "destinationPort" (this) -> u32 {
            with_payload(this, |connection: &mut Connection| connection.destination_port)
        }
        - "fileDescriptor" (this) -> i32 {
            with_payload(this, |connection: &mut Connection| {
                connection.descriptor.as_ref().map_or(-1, AsRawFd::as_raw_fd)
            })
        }
        - "close" (this) { close(this) }
    })]
}

/// A new connection, which is not yet bound to a queue.
pub(super) fn new(descriptor: OwnedFd, source_port: u32, destination_port: u32) -> Strong {
    let connection = allocate(class_named("VZVirtioSocketConnection"));
    // SAFETY: the object is new and ours.
    unsafe {
        with_payload(connection, |own: &mut Connection| {
            *own = Connection {
                descriptor: Some(descriptor),
                source_port,
                destination_port,
            };
        });
        Strong::adopt(connection)
    }
}

/// Closes the descriptor, which is -1 from then on.
pub(super) unsafe fn close(connection: Id) {
    with_payload(connection, |connection: &mut Connection| connection.descriptor = None);
}
