//! The Virtualization framework: the classes of which a Linux machine is configured, and the machine.
//!
//! Selectors, types and numbers are those of the bindings `objc2-virtualization` 0.3.2, which are generated from Apple's headers; what the headers
//! say about behaviour is followed, and what they leave open is chosen so that a program that relies on it fails.

mod balloon;
mod boot_loader;
mod configuration;
mod connection;
mod decode;
mod directory_share;
mod disk;
mod error;
mod file_system;
mod identifier;
mod machine;
mod network;
mod platform;
mod serial;
mod simple_devices;
mod socket;
mod state;
mod validation;

pub(crate) use decode::decode;
pub(crate) use machine::last_description;

use crate::runtime::ClassDescription;

/// The classes, superclasses first.
pub(crate) fn descriptions() -> Vec<ClassDescription> {
    [
        boot_loader::descriptions(),
        identifier::descriptions(),
        platform::descriptions(),
        disk::descriptions(),
        network::descriptions(),
        directory_share::descriptions(),
        file_system::descriptions(),
        serial::descriptions(),
        simple_devices::descriptions(),
        balloon::descriptions(),
        connection::descriptions(),
        socket::descriptions(),
        configuration::descriptions(),
        machine::descriptions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
