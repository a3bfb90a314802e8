//! Values that the kernel tells by name (sysctlbyname(3)).
#![expect(unsafe_code, reason = "sysctlbyname(3) has no safe interface")]

use std::ffi::{CStr, c_int, c_void};
use std::io;

/// Longest text that is read, bytes: an identifier of 36 characters and what ends it.
const TEXT_MAX_BYTES: usize = 64;

/// An integer of the size of `int`.
pub(super) fn integer(name: &CStr) -> io::Result<c_int> {
    let mut bytes = [0; size_of::<c_int>()];
    match read(name, &mut bytes)? {
        length if length == bytes.len() => Ok(c_int::from_ne_bytes(bytes)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// A text.
pub(super) fn text(name: &CStr) -> io::Result<String> {
    let mut bytes = [0; TEXT_MAX_BYTES];
    let length = read(name, &mut bytes)?;
    let text = bytes.iter().take(length).take_while(|byte| **byte != 0).copied();
    String::from_utf8(text.collect()).map_err(io::Error::other)
}

/// Reads a value and tells its length.
fn read(name: &CStr, bytes: &mut [u8]) -> io::Result<usize> {
    let mut length = bytes.len();
    // SAFETY: `name` ends with a zero byte; the kernel writes at most `length` bytes to `bytes`, which has as many, and the length that it
    // wrote to `length`; no new value is given.
    let result = unsafe {
        libc::sysctlbyname(
            name.as_ptr(),
            bytes.as_mut_ptr().cast::<c_void>(),
            &raw mut length,
            std::ptr::null_mut(),
            0,
        )
    };
    if result == 0 {
        Ok(length)
    } else {
        Err(io::Error::last_os_error())
    }
}
