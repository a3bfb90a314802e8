//! Disks.
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use container_hypervisor::CreateError;
use objc2::AllocAnyThread as _;
use objc2::rc::Retained;
use objc2_foundation::{NSError, NSString};
use objc2_virtualization::{
    VZDiskImageCachingMode, VZDiskImageStorageDeviceAttachment, VZDiskImageSynchronizationMode,
    VZVirtioBlockDeviceConfiguration,
};

use super::file_url;
use crate::failure::VzFailure;
use crate::plan::{DiskPlan, Synchronization};

pub(super) fn device(disk: &DiskPlan) -> Result<Retained<VZVirtioBlockDeviceConfiguration>, CreateError> {
    let DiskPlan {
        identifier,
        path,
        read_only,
        synchronization,
    } = disk;
    let synchronization = match synchronization {
        Synchronization::Full => VZDiskImageSynchronizationMode::Full,
        Synchronization::Fsync => VZDiskImageSynchronizationMode::Fsync,
        Synchronization::None => VZDiskImageSynchronizationMode::None,
    };
    let identifier = NSString::from_str(identifier);
    let refused = |error: Retained<NSError>| {
        let mut failure = VzFailure::of(&error);
        failure.text = format!("{path}: {}", failure.text);
        failure.of_configuration()
    };
    // SAFETY: plain values of the types that the methods take; the setter of the identifier raises only for what
    // `validateBlockDeviceIdentifier` refuses.
    unsafe {
        VZVirtioBlockDeviceConfiguration::validateBlockDeviceIdentifier_error(&identifier).map_err(refused)?;
        let attachment =
            VZDiskImageStorageDeviceAttachment::initWithURL_readOnly_cachingMode_synchronizationMode_error(
                VZDiskImageStorageDeviceAttachment::alloc(),
                &file_url(path),
                *read_only,
                VZDiskImageCachingMode::Cached,
                synchronization,
            )
            .map_err(refused)?;
        let device = VZVirtioBlockDeviceConfiguration::initWithAttachment(
            VZVirtioBlockDeviceConfiguration::alloc(),
            &attachment,
        );
        device.setBlockDeviceIdentifier(&identifier);
        Ok(device)
    }
}
