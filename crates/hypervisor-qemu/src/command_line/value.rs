//! Values inside QEMU's `key=value,key=value` options.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// A text as a value: a comma ends a value, two of them are one.
pub(super) fn escaped(text: &OsStr) -> OsString {
    let mut escaped = Vec::new();
    for byte in text.as_bytes() {
        escaped.push(*byte);
        if *byte == b',' {
            escaped.push(b',');
        }
    }
    OsString::from_vec(escaped)
}

/// The file name by which QEMU's block and character devices use a descriptor that came with `-add-fd`.
pub(crate) fn descriptor_set(number: i32) -> String {
    format!("/dev/fdset/{number}")
}

/// The file name by which everything else opens a descriptor's file once more: descriptor sets are unknown to what loads
/// kernels.
pub(crate) fn reopened(number: i32) -> String {
    format!("/dev/fd/{number}")
}

/// What QEMU opens to be given its standard input. No file can have this name.
pub(crate) const MEMORY_AS_INPUT: &str = "/dev/null/memory";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_can_add_a_key(text in "[a-z,=/ ]{0,30}") {
            let escaped = escaped(OsStr::new(&text)).into_string().unwrap();
            prop_assert_eq!(escaped.replace(",,", "\0").matches(',').count(), 0);
            prop_assert_eq!(escaped.replace(",,", ","), text);
        }
    }
}
