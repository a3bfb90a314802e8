//! Names of entries of a directory, as a machine sends them. Whoever speaks to the device may send anything; the crate below passes names on to the
//! host's kernel, for which `..` and `/` lead elsewhere.

use std::ffi::CStr;
use std::io;

/// Longest name, bytes (`NAME_MAX`, limits.h of Linux).
const MAXIMUM_BYTES: usize = 255;

/// Refuses what is not the name of an entry.
///
/// # Errors
/// `EINVAL` or `ENAMETOOLONG`.
pub(crate) fn check(name: &CStr) -> io::Result<()> {
    match name.to_bytes() {
        b"" | b"." | b".." => Err(error(libc::EINVAL)),
        bytes if bytes.contains(&b'/') => Err(error(libc::EINVAL)),
        bytes if bytes.len() > MAXIMUM_BYTES => Err(error(libc::ENAMETOOLONG)),
        _ => Ok(()),
    }
}

/// An error of a system call, which the machine is answered with.
pub(crate) fn error(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use super::*;

    #[test]
    fn what_leads_elsewhere_is_no_name() {
        let result = |name: &[u8]| check(&CString::new(name).unwrap()).map_err(|error| error.raw_os_error());
        for name in [&b""[..], b".", b"..", b"/", b"a/b", b"../a", b"a/"] {
            assert_eq!(result(name), Err(Some(libc::EINVAL)), "{name:?}");
        }
        assert_eq!(result(&[b'a'; 256]), Err(Some(libc::ENAMETOOLONG)));
        for name in [&b"..."[..], b"..a", b"a", b"\xff\n", &[b'a'; 255]] {
            assert_eq!(result(name), Ok(()), "{name:?}");
        }
    }
}
