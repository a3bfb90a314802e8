//! Which kernel image suits which accelerator.

use std::path::Path;

use container_hypervisor::GuestArchitecture;

use crate::Accelerator;

/// File names of kernel images in order of preference. The emulated variant lacks what only real hardware needs; either one boots
/// under both.
pub(crate) fn names(architecture: GuestArchitecture, accelerator: Accelerator) -> [String; 2] {
    let machine = architecture.machine_name();
    let standard = format!("vmlinux-{machine}");
    let emulated = format!("vmlinux-{machine}-emulated");
    match accelerator {
        Accelerator::Kvm => [standard, emulated],
        Accelerator::Tcg => [emulated, standard],
    }
}

/// Whether the image at `path` is the emulated variant, which is told the rate of its interrupt timer instead of
/// measuring it.
pub(crate) fn is_emulated_variant(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with("-emulated"))
}
