//! Names in archives as names of files.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

/// The names on the way to an entry. Slashes at the start and `.` mean nothing, as for every tar program; nothing where a `..` leads elsewhere.
pub(super) fn names(path: &[u8]) -> Option<Vec<&OsStr>> {
    path.split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
        .map(|name| (name != b"..").then(|| OsStr::from_bytes(name)))
        .collect()
}
