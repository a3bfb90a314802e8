//! Disk images and the virtio block devices that they are attached to.

use super::error::{self, Code};
use crate::breach::breach;
use crate::foundation::{string, url};
use crate::runtime::{ClassDescription, Flag, Id, Strong, objc_class, objc_release, set_object, set_unsigned};
use std::ptr;

/// A disk image is a whole number of these.
const SECTOR_BYTES: u64 = 512;
/// The longest identifier ("at most 20 bytes in length", the documentation of `validateBlockDeviceIdentifier:error:`).
const IDENTIFIER_MAX_BYTES: usize = 20;

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![
        objc_class!("VZStorageDeviceAttachment": "NSObject" {}),
        objc_class!("VZDiskImageStorageDeviceAttachment": "VZStorageDeviceAttachment" {
            - "initWithURL:readOnly:error:" (this, url: Id, read_only: Flag, error: *mut Id) -> Id {
                attach(this, url, read_only, (0, 1), error)
            }
            - "initWithURL:readOnly:cachingMode:synchronizationMode:error:" (
                this, url: Id, read_only: Flag, caching: isize, synchronization: isize, error: *mut Id
            ) -> Id {
                attach(this, url, read_only, (caching, synchronization), error)
            }
        })
        .read_only_object("URL")
        .read_only_flag("isReadOnly")
        .read_only_number("cachingMode", "isize")
        .read_only_number("synchronizationMode", "isize"),
        objc_class!("VZStorageDeviceConfiguration": "NSObject" {}).read_only_object("attachment"),
        objc_class!("VZVirtioBlockDeviceConfiguration": "VZStorageDeviceConfiguration" {
            + "validateBlockDeviceIdentifier:error:" (_this, identifier: Id, error: *mut Id) -> Flag {
                match refusal(&string::text(identifier)) {
                    Some(reason) => {
                        error::write(error, error::framework(Code::InvalidVirtualMachineConfiguration, reason));
                        0
                    }
                    None => 1,
                }
            }
            - "initWithAttachment:" (this, attachment: Id) -> Id {
                set_object(this, "attachment", attachment);
                set_object(this, "blockDeviceIdentifier", string::new("").id());
                this
            }
            - "setBlockDeviceIdentifier:" (this, identifier: Id) {
                let text = string::text(identifier);
                if let Some(reason) = refusal(&text) {
                    breach(format_args!("NSException: the block device identifier \"{text}\" is illegal: {reason}"));
                }
                set_object(this, "blockDeviceIdentifier", identifier);
            }
        })
        .read_only_object("blockDeviceIdentifier"),
    ]
}

unsafe fn attach(this: Id, location: Id, read_only: Flag, modes: (isize, isize), error: *mut Id) -> Id {
    if let Err(reason) = check(&url::path(location)) {
        error::write(error, reason);
        objc_release(this);
        return ptr::null_mut();
    }
    let (caching, synchronization) = modes;
    set_object(this, "URL", location);
    set_unsigned(this, "readOnly", u64::from(read_only));
    set_unsigned(this, "cachingMode", caching as u64);
    set_unsigned(this, "synchronizationMode", synchronization as u64);
    this
}

fn check(path: &std::path::Path) -> Result<(), Strong> {
    let metadata = std::fs::metadata(path).map_err(|_| error::no_such_disk())?;
    if !metadata.len().is_multiple_of(SECTOR_BYTES) {
        return Err(error::framework(
            Code::InvalidVirtualMachineConfiguration,
            "The size of the disk image is not a multiple of 512 bytes.",
        ));
    }
    Ok(())
}

/// Why a text is no identifier of a block device.
fn refusal(identifier: &str) -> Option<&'static str> {
    if !identifier.is_ascii() {
        return Some("It is not ASCII.");
    }
    (identifier.len() > IDENTIFIER_MAX_BYTES).then_some("It is longer than 20 bytes.")
}
