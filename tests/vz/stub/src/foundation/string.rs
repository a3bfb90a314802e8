//! `NSString`: UTF-8 that does not change.

use crate::runtime::{
    ClassDescription, Flag, Id, Strong, allocate, autorelease, class_named, class_of, is_kind_of, objc_class,
    objc_release, with_payload,
};
use std::ffi::{c_char, c_void};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ptr;

/// `NSUTF8StringEncoding`.
const UTF_8: usize = 4;

/// The text with a NUL after it.
#[derive(Default)]
struct Text(Vec<u8>);

pub(super) fn description() -> ClassDescription {
    objc_class!("NSString": "NSObject" {
        - "initWithBytes:length:encoding:" (this, bytes: *const c_void, length: usize, encoding: usize) -> Id {
            init(this, bytes.cast(), length, encoding)
        }
        - "UTF8String" (this) -> *const c_char { with_payload(this, |text: &mut Text| c_text(text)) }
        - "lengthOfBytesUsingEncoding:" (this, encoding: usize) -> usize {
            if encoding == UTF_8 { text(this).len() } else { 0 }
        }
        - "length" (this) -> usize { text(this).encode_utf16().count() }
        - "isEqualToString:" (this, other: Id) -> Flag { Flag::from(text(this) == text(other)) }
        - "isEqual:" (this, other: Id) -> Flag { Flag::from(is_string(other) && text(this) == text(other)) }
        - "hash" (this) -> usize { hash(&text(this)) }
        - "description" (this) -> Id { autorelease(Strong::share(this)) }
    })
}

unsafe fn init(this: Id, bytes: *const u8, length: usize, encoding: usize) -> Id {
    let bytes = if length == 0 {
        &[]
    } else {
        std::slice::from_raw_parts(bytes, length)
    };
    if encoding != UTF_8 || std::str::from_utf8(bytes).is_err() {
        objc_release(this);
        return ptr::null_mut();
    }
    set(this, bytes);
    this
}

unsafe fn set(this: Id, bytes: &[u8]) {
    with_payload(this, |text: &mut Text| {
        text.0 = [bytes, b"\0"].concat();
    });
}

fn c_text(text: &Text) -> *const c_char {
    if text.0.is_empty() {
        c"".as_ptr()
    } else {
        text.0.as_ptr().cast()
    }
}

fn hash(text: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish() as usize
}

/// Is it a string?
pub(crate) unsafe fn is_string(object: Id) -> bool {
    !object.is_null() && is_kind_of(class_of(object), class_named("NSString"))
}

/// A new string.
pub(crate) fn new(text: &str) -> Strong {
    // SAFETY: the object is new and ours.
    unsafe {
        let string = allocate(class_named("NSString"));
        set(string, text.as_bytes());
        Strong::adopt(string)
    }
}

/// The text of a string; of nil it is empty.
pub(crate) unsafe fn text(string: Id) -> String {
    if string.is_null() {
        return String::new();
    }
    with_payload(string, |text: &mut Text| {
        let bytes = text.0.strip_suffix(b"\0").unwrap_or(&text.0);
        String::from_utf8_lossy(bytes).into_owned()
    })
}
