//! Network interfaces, their hardware addresses, and the datagram sockets that they are attached to.

use crate::foundation::string;
use crate::runtime::{
    ClassDescription, Flag, Id, Strong, allocate, autorelease, class_named, class_of, objc_class, objc_release, object,
    set_object, set_unsigned,
};
use std::hash::{BuildHasher, RandomState};
use std::ptr;

/// "The default MTU is 1500", the documentation of `maximumTransmissionUnit`.
const MTU_BYTES: u64 = 1500;

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![
        objc_class!("VZMACAddress": "NSObject" {
            + "randomLocallyAdministeredAddress" (_this) -> Id { autorelease(random_address()) }
            - "initWithString:" (this, text: Id) -> Id { init_address(this, &string::text(text)) }
            - "isEqual:" (this, other: Id) -> Flag {
                Flag::from(!other.is_null() && ptr::eq(class_of(this), class_of(other)) && address(this) == address(other))
            }
        })
        .read_only_object("string"),
        objc_class!("VZNetworkDeviceAttachment": "NSObject" {}),
        objc_class!("VZFileHandleNetworkDeviceAttachment": "VZNetworkDeviceAttachment" {
            - "initWithFileHandle:" (this, handle: Id) -> Id {
                set_object(this, "fileHandle", handle);
                set_unsigned(this, "maximumTransmissionUnit", MTU_BYTES);
                this
            }
        })
        .read_only_object("fileHandle")
        .number("maximumTransmissionUnit", "isize"),
        objc_class!("VZNetworkDeviceConfiguration": "NSObject" {})
            .object("MACAddress")
            .object("attachment"),
        objc_class!("VZVirtioNetworkDeviceConfiguration": "VZNetworkDeviceConfiguration" {
            - "init" (this) -> Id {
                set_object(this, "MACAddress", random_address().id());
                this
            }
        }),
        objc_class!("VZNetworkDevice": "NSObject" {}).object("attachment"),
    ]
}

unsafe fn init_address(this: Id, text: &str) -> Id {
    let parts: Vec<&str> = text.split(':').collect();
    let is_byte = |part: &&str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit());
    if parts.len() != 6 || !parts.iter().all(is_byte) {
        objc_release(this);
        return ptr::null_mut();
    }
    set_object(this, "string", string::new(&text.to_ascii_lowercase()).id());
    this
}

fn random_address() -> Strong {
    let random = RandomState::new().hash_one(0).to_be_bytes();
    // The two lowest bits of the first byte: locally administered, and not of a group.
    let first = random[0] & !0b11 | 0b10;
    let rest: String = random[1..6].iter().map(|byte| format!(":{byte:02x}")).collect();
    // SAFETY: the object is new and ours.
    unsafe {
        Strong::adopt(init_address(
            allocate(class_named("VZMACAddress")),
            &format!("{first:02x}{rest}"),
        ))
    }
}

/// The text of an address.
pub(super) unsafe fn address(address: Id) -> String {
    object(address, "string").map_or_else(String::new, |text| string::text(text.id()))
}
