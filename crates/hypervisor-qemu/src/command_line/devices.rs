//! The devices of a command line, and the transports that they take.

use std::ffi::OsString;

/// Devices on virtio-mmio transports. A board has a fixed number of them.
#[derive(Debug, Default)]
pub(super) struct Devices {
    pub(super) arguments: Vec<OsString>,
    pub(super) transport_count: usize,
}

impl Devices {
    /// Adds a device that takes a transport.
    pub(super) fn on_transport(&mut self, device: impl Into<OsString>) {
        self.transport_count += 1;
        self.option("-device", device);
    }

    /// Adds an option that takes none.
    pub(super) fn option(&mut self, name: &str, value: impl Into<OsString>) {
        self.arguments.extend([name.into(), value.into()]);
    }
}
