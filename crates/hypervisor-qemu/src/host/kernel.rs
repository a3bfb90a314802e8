//! Which kernel image suits which machine.

use std::path::Path;

use container_hypervisor::GuestArchitecture;

use crate::{Accelerator, DeviceSet};

/// File names of kernel images in order of preference. The emulated variant lacks what only real hardware needs, and PCI; otherwise
/// either one boots under both.
pub(crate) fn names(architecture: GuestArchitecture, accelerator: Accelerator, devices: DeviceSet) -> Vec<String> {
    let machine = architecture.machine_name();
    let standard = format!("vmlinux-{machine}");
    let emulated = format!("vmlinux-{machine}-emulated");
    match (devices, accelerator) {
        (DeviceSet::Pci, _) => vec![standard],
        (DeviceSet::Mmio, Accelerator::Kvm | Accelerator::Hvf) => vec![standard, emulated],
        (DeviceSet::Mmio, Accelerator::Tcg) => vec![emulated, standard],
    }
}

/// Whether the image at `path` is the emulated variant, which is told the rate of its interrupt timer instead of
/// measuring it.
pub(crate) fn is_emulated_variant(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with("-emulated"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_without_pci_is_for_emulated_machines_without_it() {
        let names = |accelerator, devices| names(GuestArchitecture::Arm64, accelerator, devices);
        let (standard, emulated) = ("vmlinux-aarch64", "vmlinux-aarch64-emulated");
        assert_eq!(names(Accelerator::Tcg, DeviceSet::Mmio), [emulated, standard]);
        for hardware in [Accelerator::Kvm, Accelerator::Hvf] {
            assert_eq!(names(hardware, DeviceSet::Mmio), [standard, emulated]);
            assert_eq!(names(hardware, DeviceSet::Pci), [standard]);
        }
        assert_eq!(names(Accelerator::Tcg, DeviceSet::Pci), [standard]);
    }
}
