//! Values inside QEMU's `key=value,key=value` options.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

/// A path as a value: a comma ends a value, two of them are one.
pub(super) fn path(path: &Path) -> OsString {
    let mut escaped = Vec::new();
    for byte in path.as_os_str().as_bytes() {
        escaped.push(*byte);
        if *byte == b',' {
            escaped.push(b',');
        }
    }
    OsString::from_vec(escaped)
}

/// Joins pieces of an option.
pub(super) fn concat(pieces: &[&OsStr]) -> OsString {
    pieces.iter().copied().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_path_can_add_a_key(text in "[a-z,=/ ]{0,30}") {
            let escaped = path(Path::new(&text)).into_string().unwrap();
            prop_assert_eq!(escaped.replace(",,", "\0").matches(',').count(), 0);
            prop_assert_eq!(escaped.replace(",,", ","), text);
        }
    }
}
