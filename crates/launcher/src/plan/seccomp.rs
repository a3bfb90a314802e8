//! A seccomp profile of the user's as the program that the guest installs.

use container_hypervisor::GuestArchitecture;
use container_seccomp_profile::{Architecture, Profile, ProfileError};
use serde_json::Value;

/// The program of a profile for the machine, and for processes with these capabilities. Programs of another architecture are translated by one that has
/// the machine's.
///
/// # Errors
/// [`ProfileError`] when the document is no profile, or has something that there is not.
pub fn seccomp_filter(
    document: &Value,
    architecture: GuestArchitecture,
    capabilities: &[String],
) -> Result<Vec<u8>, ProfileError> {
    let architecture = match architecture {
        GuestArchitecture::Amd64 => Architecture::X86_64,
        GuestArchitecture::Arm64 => Architecture::Aarch64,
    };
    Profile::from_json(document)?.program(architecture, capabilities)
}
