//! The devices of a command line, and the slots that they take.

use std::ffi::OsString;

use crate::DeviceSet;

/// Devices on PCI that never had the interface from before virtio 1.0, and no property that turns it off.
const ONLY_MODERN: [&str; 1] = ["vhost-user-fs"];

/// Devices of virtio in the slots of a board, which has a fixed number of them.
#[derive(Debug)]
pub(super) struct Devices {
    set: DeviceSet,
    has_serial_controller: bool,
    pub(super) arguments: Vec<OsString>,
    pub(super) slot_count: usize,
}

impl Devices {
    pub(super) fn new(set: DeviceSet) -> Self {
        Self {
            set,
            has_serial_controller: false,
            arguments: Vec::new(),
            slot_count: 0,
        }
    }

    /// Adds a device that takes a slot: `kind` is QEMU's name for it without that of the bus.
    pub(super) fn virtio(&mut self, kind: &str, properties: &str) {
        self.slot_count += 1;
        let mut device = match self.set {
            DeviceSet::Mmio => format!("{kind}-device"),
            DeviceSet::Pci if ONLY_MODERN.contains(&kind) => format!("{kind}-pci"),
            // Said of all devices at once (`-global virtio-pci.disable-legacy`), QEMU 10 applies it to those without the property and fails.
            DeviceSet::Pci => format!("{kind}-pci,disable-legacy=on"),
        };
        if !properties.is_empty() {
            device.push(',');
            device.push_str(properties);
        }
        self.option("-device", device);
    }

    /// Adds a network interface. On PCI it would load a boot ROM, a file that nothing needs.
    pub(super) fn network(&mut self, properties: &str) {
        match self.set {
            DeviceSet::Mmio => self.virtio("virtio-net", properties),
            DeviceSet::Pci => self.virtio("virtio-net", &format!("{properties},romfile=")),
        }
    }

    /// Adds a port to the one serial controller, with the character device that it names: `virtconsole`, which is the first, or
    /// `virtserialport`.
    pub(super) fn serial_port(&mut self, character_device: String, port: String) {
        if !self.has_serial_controller {
            self.has_serial_controller = true;
            self.virtio("virtio-serial", "max_ports=2");
        }
        self.option("-chardev", character_device);
        self.option("-device", port);
    }

    /// Adds an option that takes none.
    pub(super) fn option(&mut self, name: &str, value: impl Into<OsString>) {
        self.arguments.extend([name.into(), value.into()]);
    }
}
