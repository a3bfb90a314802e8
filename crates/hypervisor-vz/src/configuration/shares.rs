//! Directories of the host.
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use container_hypervisor::CreateError;
use objc2::AllocAnyThread as _;
use objc2::rc::Retained;
use objc2_foundation::{NSDictionary, NSError, NSString};
use objc2_virtualization::{
    VZDirectoryShare, VZLinuxRosettaDirectoryShare, VZMultipleDirectoryShare, VZSharedDirectory,
    VZVirtioFileSystemDeviceConfiguration,
};

use super::file_url;
use crate::failure::VzFailure;
use crate::plan::{DirectoryPlan, SharePlan};

pub(super) fn device(share: &SharePlan) -> Result<Retained<VZVirtioFileSystemDeviceConfiguration>, CreateError> {
    let tag = NSString::from_str(share.tag());
    let shown = match share {
        SharePlan::Directories { directories, tag: _ } => several(directories)?,
        SharePlan::Translation => translator()?,
    };
    // SAFETY: plain values of the types that the methods take; the initializer raises only for what `validateTag` refuses.
    unsafe {
        VZVirtioFileSystemDeviceConfiguration::validateTag_error(&tag).map_err(refused)?;
        let device =
            VZVirtioFileSystemDeviceConfiguration::initWithTag(VZVirtioFileSystemDeviceConfiguration::alloc(), &tag);
        device.setShare(Some(&shown));
        Ok(device)
    }
}

fn several(directories: &[DirectoryPlan]) -> Result<Retained<VZDirectoryShare>, CreateError> {
    let (mut names, mut objects) = (Vec::new(), Vec::new());
    for DirectoryPlan { name, path, read_only } in directories {
        let name = NSString::from_str(name);
        // SAFETY: plain values of the types that the methods take.
        let object = unsafe {
            VZMultipleDirectoryShare::validateName_error(&name).map_err(refused)?;
            VZSharedDirectory::initWithURL_readOnly(VZSharedDirectory::alloc(), &file_url(path), *read_only)
        };
        names.push(name);
        objects.push(object);
    }
    let names: Vec<&NSString> = names.iter().map(|name| &**name).collect();
    let directories = NSDictionary::from_retained_objects(&names, &objects);
    // SAFETY: the initializer raises only for names that `validateName` refuses.
    let share =
        unsafe { VZMultipleDirectoryShare::initWithDirectories(VZMultipleDirectoryShare::alloc(), &directories) };
    Ok(share.into_super())
}

/// Rosetta's own directory. Its cache for programs translated ahead of time needs a service in the guest and stays off.
fn translator() -> Result<Retained<VZDirectoryShare>, CreateError> {
    // SAFETY: only machines of hosts on which the class exists and says that Rosetta is installed come here (`rosetta`).
    let share = unsafe { VZLinuxRosettaDirectoryShare::initWithError(VZLinuxRosettaDirectoryShare::alloc()) };
    Ok(share.map_err(refused)?.into_super())
}

fn refused(error: Retained<NSError>) -> CreateError {
    VzFailure::of(&error).of_configuration()
}
