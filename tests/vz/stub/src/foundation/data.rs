//! `NSData`: bytes that do not change.

use crate::runtime::{ClassDescription, Flag, Id, Strong, allocate, class_named, objc_class, with_payload};
use std::ffi::c_void;
use std::ptr;

#[derive(Default)]
struct Bytes(Vec<u8>);

pub(super) fn description() -> ClassDescription {
    objc_class!("NSData": "NSObject" {
        - "initWithBytes:length:" (this, bytes: *const c_void, length: usize) -> Id {
            let bytes = if length == 0 { &[] } else { std::slice::from_raw_parts(bytes.cast::<u8>(), length) };
            with_payload(this, |data: &mut Bytes| data.0 = bytes.to_vec());
            this
        }
        - "length" (this) -> usize { with_payload(this, |data: &mut Bytes| data.0.len()) }
        - "bytes" (this) -> *const c_void {
            with_payload(this, |data: &mut Bytes| if data.0.is_empty() { ptr::null() } else { data.0.as_ptr().cast() })
        }
        - "isEqualToData:" (this, other: Id) -> Flag { Flag::from(bytes(this) == bytes(other)) }
    })
}

/// New data.
pub(crate) fn new(bytes: &[u8]) -> Strong {
    // SAFETY: the object is new and ours.
    unsafe {
        let data = allocate(class_named("NSData"));
        with_payload(data, |data: &mut Bytes| data.0 = bytes.to_vec());
        Strong::adopt(data)
    }
}

/// The bytes.
pub(crate) unsafe fn bytes(data: Id) -> Vec<u8> {
    with_payload(data, |data: &mut Bytes| data.0.clone())
}
