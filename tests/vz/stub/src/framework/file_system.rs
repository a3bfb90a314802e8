//! The virtio file systems that shares are shown through.

use super::error::{self, Code};
use crate::breach::breach;
use crate::foundation::string;
use crate::runtime::{ClassDescription, Flag, Id, objc_class, set_object};

/// The longest tag ("non-empty and less than 36 bytes", the documentation of `validateTag:error:`).
const TAG_MAX_BYTES: usize = 35;

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![
        objc_class!("VZDirectorySharingDeviceConfiguration": "NSObject" {}),
        objc_class!("VZVirtioFileSystemDeviceConfiguration": "VZDirectorySharingDeviceConfiguration" {
            + "validateTag:error:" (_this, tag: Id, error: *mut Id) -> Flag {
                match refusal(&string::text(tag)) {
                    Some(reason) => {
                        error::write(error, error::framework(Code::InvalidVirtualMachineConfiguration, reason));
                        0
                    }
                    None => 1,
                }
            }
            - "initWithTag:" (this, tag: Id) -> Id {
                set_tag(this, tag);
                this
            }
            - "setTag:" (this, tag: Id) { set_tag(this, tag) }
        })
        .read_only_object("tag")
        .object("share"),
        objc_class!("VZDirectorySharingDevice": "NSObject" {}),
        objc_class!("VZVirtioFileSystemDevice": "VZDirectorySharingDevice" {})
            .read_only_object("tag")
            .object("share"),
    ]
}

unsafe fn set_tag(this: Id, tag: Id) {
    let text = string::text(tag);
    if let Some(reason) = refusal(&text) {
        breach(format_args!(
            "NSException: the tag \"{text}\" of a file system is illegal: {reason}"
        ));
    }
    set_object(this, "tag", tag);
}

/// Why a text is no tag.
fn refusal(tag: &str) -> Option<&'static str> {
    if tag.is_empty() {
        return Some("It is empty.");
    }
    (tag.len() > TAG_MAX_BYTES).then_some("It is longer than 35 bytes.")
}
