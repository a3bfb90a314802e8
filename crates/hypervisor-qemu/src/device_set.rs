//! Which devices a machine of QEMU's has.

/// The kind of a machine's devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceSet {
    /// virtio in memory-mapped slots and the board's serial port: the smallest machine, which starts fastest.
    Mmio,
    /// virtio on PCI, and its console: the devices of a machine of macOS' Virtualization.framework, for the kernel that boots there.
    Pci,
}

impl DeviceSet {
    /// Parses `mmio` or `pci`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "mmio" => Some(Self::Mmio),
            "pci" => Some(Self::Pci),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Mmio => "mmio",
            Self::Pci => "pci",
        }
    }
}
