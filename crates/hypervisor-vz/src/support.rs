//! What this host and this program can do with the framework.
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use container_hypervisor::CreateError;
use objc2::{AllocAnyThread as _, available};
use objc2_foundation::{NSString, NSURL};
use objc2_virtualization::{
    VZGenericPlatformConfiguration, VZLinuxBootLoader, VZVirtualMachine, VZVirtualMachineConfiguration,
};

use crate::failure::{ENTITLEMENT, FRAMEWORK, VzFailure};

/// Whether the framework's parts for Apple silicon are there: Rosetta, saving and restoring. Intel's framework lacks the classes and
/// methods themselves. The stand-in has them.
pub(crate) const APPLE_SILICON: bool = cfg!(any(target_arch = "aarch64", container_vz_stub));

/// Checks that machines can be had: first whether the host has any, then whether this program may use them.
///
/// # Errors
/// [`CreateError::NotSupported`], [`CreateError::NotEntitled`].
pub(crate) fn check() -> Result<(), CreateError> {
    // SAFETY: a property of the class that any thread may read.
    if !unsafe { VZVirtualMachine::isSupported() } {
        return Err(CreateError::NotSupported {
            hypervisor: FRAMEWORK,
            reason: "the system says that virtualization is not available, as in most virtual machines".to_owned(),
            hint: "QEMU can emulate a processor here: `brew install qemu`, and leave CONTAINER_BACKEND unset or set it to qemu".to_owned(),
        });
    }
    match smallest_machine() {
        Err(failure) if failure.is_about_entitlement() => Err(not_entitled(&failure)),
        Err(failure) => {
            // About this machine, which has no kernel; real ones are told about what they lack.
            tracing::debug!(%failure, "the framework refuses the smallest machine");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// The error about a missing entitlement.
pub(crate) fn not_entitled(failure: &VzFailure) -> CreateError {
    CreateError::NotEntitled {
        hypervisor: FRAMEWORK,
        reason: failure.to_string(),
        hint: format!(
            "sign it with the entitlement {ENTITLEMENT}: `cargo xtask sign`, or `codesign --force --sign - --entitlements FILE PROGRAM`"
        ),
    }
}

/// Has the framework look at a machine that is never made, because it speaks of a missing entitlement only so.
fn smallest_machine() -> Result<(), VzFailure> {
    // Any file that is there: what matters is not the kernel.
    let program = std::env::current_exe().unwrap_or_default();
    let kernel = NSURL::fileURLWithPath(&NSString::from_str(&program.to_string_lossy()));
    // SAFETY: plain values of the types that the methods take; the objects belong to no machine.
    unsafe {
        let configuration = VZVirtualMachineConfiguration::new();
        let loader = VZLinuxBootLoader::initWithKernelURL(VZLinuxBootLoader::alloc(), &kernel);
        configuration.setBootLoader(Some(&loader));
        configuration.setCPUCount(VZVirtualMachineConfiguration::minimumAllowedCPUCount());
        configuration.setMemorySize(VZVirtualMachineConfiguration::minimumAllowedMemorySize());
        configuration.validateWithError().map_err(|error| VzFailure::of(&error))
    }
}

/// Whether guests can run machines (macOS 15 and newer processors).
pub(crate) fn nested_virtualization() -> bool {
    // SAFETY: a property of the class, there since macOS 15, that any thread may read.
    available!(macos = 15.0, ..) && unsafe { VZGenericPlatformConfiguration::isNestedVirtualizationSupported() }
}

/// Whether a machine so configured can be saved (macOS 14 on Apple silicon, and only some devices).
pub(crate) fn can_be_saved(configuration: &VZVirtualMachineConfiguration) -> bool {
    if !APPLE_SILICON || !available!(macos = 14.0, ..) {
        return false;
    }
    // SAFETY: a method since macOS 14 on Apple silicon, which asks nothing of the caller; the configuration belongs to no machine.
    match unsafe { configuration.validateSaveRestoreSupportWithError() } {
        Ok(()) => true,
        Err(error) => {
            tracing::debug!(failure = %VzFailure::of(&error), "this machine cannot be saved");
            false
        }
    }
}

/// The system's version, e.g. `macOS 15.1`.
#[cfg(target_os = "macos")]
pub(crate) fn system() -> Option<String> {
    let version = objc2_foundation::NSProcessInfo::processInfo().operatingSystemVersion();
    Some(format!("macOS {}.{}", version.majorVersion, version.minorVersion))
}

/// The stand-in has none.
#[cfg(not(target_os = "macos"))]
pub(crate) fn system() -> Option<String> {
    None
}
