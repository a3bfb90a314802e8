//! Commands of fcntl(2) that only macOS has.
#![expect(unsafe_code, reason = "no crate has these commands of fcntl")]

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

fn checked(result: libc::c_int) -> io::Result<()> {
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
