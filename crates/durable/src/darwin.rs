//! Calls that only macOS has: commands of fcntl(2), and sysctl(3).
#![expect(unsafe_code, reason = "no crate has these commands of fcntl, nor sysctl")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;

/// `F_BARRIERFSYNC`: what is written later does not reach the drive before what was written to `file`.
pub(crate) fn barrier(file: &File) -> io::Result<()> {
    // SAFETY: the command takes no argument and touches no memory of this process; the descriptor is open.
    checked(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_BARRIERFSYNC) })
}

/// `F_FULLFSYNC`: the drive has emptied its cache.
pub(crate) fn full(file: &File) -> io::Result<()> {
    Ok(rustix::fs::fcntl_fullfsync(file)?)
}

/// `F_PUNCHHOLE`: both numbers, bytes, must be multiples of the file system's block size.
pub(crate) fn punch(file: &File, offset: u64, length: u64) -> io::Result<()> {
    let too_large = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let hole = libc::fpunchhole_t {
        fp_flags: 0,
        reserved: 0,
        fp_offset: offset.try_into().map_err(too_large)?,
        fp_length: length.try_into().map_err(too_large)?,
    };
    // SAFETY: the command reads one `fpunchhole_t`, which lives until the call returns; the descriptor is open.
    checked(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_PUNCHHOLE, &raw const hole) })
}

/// `kern.bootsessionuuid` of sysctlbyname(3): the id of this boot, as text.
pub(crate) fn boot_session() -> io::Result<String> {
    // A UUID and the terminating zero need 37 bytes.
    let mut text = [0_u8; 64];
    let mut length = text.len();
    // SAFETY: the name ends with a zero; at most `length` bytes, the size of `text`, are written to `text`, and their count to `length`, both of
    // which live until the call returns; nothing is set.
    checked(unsafe {
        libc::sysctlbyname(
            c"kern.bootsessionuuid".as_ptr(),
            text.as_mut_ptr().cast(),
            &raw mut length,
            std::ptr::null_mut(),
            0,
        )
    })?;
    let written = text.get(..length).unwrap_or_default();
    let id = written.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8(id.to_vec()).map_err(|_| io::ErrorKind::InvalidData.into())
}

fn checked(result: libc::c_int) -> io::Result<()> {
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
