//! Which boot of the host this is.

use std::io;

/// A text that is the same for as long as the host runs, and another one after each boot: `/proc/sys/kernel/random/boot_id` of random(4), or
/// `kern.bootsessionuuid` of sysctl(3) on macOS.
///
/// # Errors
/// What the system says; of a system that has nothing of the kind, too.
pub fn boot_id() -> io::Result<String> {
    let text = read()?;
    match text.trim() {
        "" => Err(io::ErrorKind::UnexpectedEof.into()),
        id => Ok(id.to_owned()),
    }
}

#[cfg(target_os = "linux")]
fn read() -> io::Result<String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
}

#[cfg(target_os = "macos")]
fn read() -> io::Result<String> {
    crate::darwin::boot_session()
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn read() -> io::Result<String> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_has_one_id() {
        let id = boot_id().unwrap();
        assert_eq!(id, boot_id().unwrap());
        assert!(id.len() >= 32 && !id.contains('\n'), "{id:?}");
    }
}
