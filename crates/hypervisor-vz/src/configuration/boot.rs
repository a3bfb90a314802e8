//! What boots, and what the machine itself is.
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use container_hypervisor::{ConfigError, CreateError};
use objc2::AllocAnyThread as _;
use objc2::rc::Retained;
use objc2_foundation::{NSData, NSString};
use objc2_virtualization::{VZGenericMachineIdentifier, VZGenericPlatformConfiguration, VZLinuxBootLoader};

use super::file_url;
use crate::plan::{BootPlan, PlatformPlan};

pub(super) fn loader(boot: &BootPlan) -> Retained<VZLinuxBootLoader> {
    let BootPlan {
        kernel,
        initramfs,
        command_line,
    } = boot;
    // SAFETY: plain values of the types that the properties have.
    unsafe {
        let loader = VZLinuxBootLoader::initWithKernelURL(VZLinuxBootLoader::alloc(), &file_url(kernel));
        loader.setInitialRamdiskURL(Some(&file_url(initramfs)));
        loader.setCommandLine(&NSString::from_str(command_line));
        loader
    }
}

/// The platform, and what the machine calls itself on it.
pub(super) fn platform(
    platform: &PlatformPlan,
) -> Result<(Retained<VZGenericPlatformConfiguration>, Vec<u8>), CreateError> {
    let PlatformPlan {
        machine_identifier,
        nested_virtualization,
    } = platform;
    let identifier = match machine_identifier {
        Some(bytes) => {
            let data = NSData::with_bytes(bytes);
            // SAFETY: the initializer tells by nil that the data is not of the framework's making.
            unsafe {
                VZGenericMachineIdentifier::initWithDataRepresentation(VZGenericMachineIdentifier::alloc(), &data)
            }
            .ok_or_else(|| ConfigError::Unavailable {
                what: "a machine with this identifier",
                reason: "Virtualization.framework has not made it".to_owned(),
            })?
        }
        // SAFETY: takes nothing, gives a new identifier.
        None => unsafe { VZGenericMachineIdentifier::new() },
    };
    // SAFETY: plain values of the types that the properties have. The flag is a property since macOS 15, and only where the host says
    // that it can (`isNestedVirtualizationSupported`) does a plan ask for it.
    unsafe {
        let platform = VZGenericPlatformConfiguration::new();
        platform.setMachineIdentifier(&identifier);
        if *nested_virtualization {
            platform.setNestedVirtualizationEnabled(true);
        }
        Ok((platform, identifier.dataRepresentation().to_vec()))
    }
}
