//! What ioctl(2) does to a mounted file system as a whole.

#![expect(unsafe_code, reason = "these operations have no safe wrapper")]

use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::ioctl::{NoArg, Opcode, Updater, ioctl, opcode};

/// FIFREEZE, `linux/fs.h`. The kernel reads no argument, though the number says that there is one.
const FREEZE: Opcode = opcode::read_write::<core::ffi::c_int>(b'X', 119);
/// FITHAW, `linux/fs.h`.
const THAW: Opcode = opcode::read_write::<core::ffi::c_int>(b'X', 120);
/// FITRIM, `linux/fs.h`.
const TRIM: Opcode = opcode::read_write::<TrimRange>(b'X', 121);

/// `struct fstrim_range`, `linux/fs.h`, in bytes. The kernel puts what was trimmed into `length`.
#[repr(C)]
struct TrimRange {
    start: u64,
    length: u64,
    minimum: u64,
}

/// Flushes the file system of `directory` and makes all who write to it wait until it is thawed.
///
/// # Errors
/// The kernel's; `BUSY` when it is frozen already.
pub(crate) fn freeze(directory: impl AsFd) -> Result<(), Errno> {
    // SAFETY: the number is FIFREEZE, which neither reads nor writes memory of the caller.
    unsafe { ioctl(directory, NoArg::<FREEZE>::new()) }
}

/// Undoes [`freeze`]. A file system that is not frozen stays as it is.
///
/// # Errors
/// The kernel's.
pub(crate) fn thaw(directory: impl AsFd) -> Result<(), Errno> {
    // SAFETY: the number is FITHAW, which neither reads nor writes memory of the caller.
    match unsafe { ioctl(directory, NoArg::<THAW>::new()) } {
        Err(Errno::INVAL) => Ok(()),
        other => other,
    }
}

/// Discards the free blocks of the file system of `directory`; how many bytes they are. EXT4 leaves out groups of blocks that it has
/// discarded before; what was freed in them since then, it discards by itself where it is mounted so.
///
/// # Errors
/// The kernel's; `OPNOTSUPP` for a disk without discard.
pub(crate) fn trim(directory: impl AsFd) -> Result<u64, Errno> {
    let mut range = TrimRange {
        start: 0,
        length: u64::MAX,
        minimum: 0,
    };
    // SAFETY: the number is FITRIM, whose argument is this structure, which lives until the call returns.
    unsafe { ioctl(directory, Updater::<TRIM, TrimRange>::new(&mut range)) }?;
    Ok(range.length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn the_numbers_are_those_of_the_kernel() {
        // asm-generic/ioctl.h
        assert_eq!([FREEZE, THAW, TRIM], [0xc004_5877, 0xc004_5878, 0xc018_5879]);
    }

    #[test]
    fn a_file_system_that_cannot_do_it_says_so() {
        let proc = File::open("/proc").unwrap();
        assert!(freeze(&proc).is_err() && trim(&proc).is_err());
    }
}
