//! Whether programs for x86-64 can be translated.
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use container_hypervisor::Translation;
use objc2_virtualization::{VZLinuxRosettaAvailability, VZLinuxRosettaDirectoryShare};

use crate::support;

/// What the host says. It is never asked to install Rosetta: that would ask the user.
pub(crate) fn translation() -> Translation {
    if !support::APPLE_SILICON {
        return Translation::Unavailable;
    }
    // SAFETY: a property of the class that any thread may read; the class is there on Apple silicon since macOS 13.
    match unsafe { VZLinuxRosettaDirectoryShare::availability() } {
        VZLinuxRosettaAvailability::Installed => Translation::Installed,
        VZLinuxRosettaAvailability::NotInstalled => Translation::NotInstalled,
        _ => Translation::Unavailable,
    }
}
