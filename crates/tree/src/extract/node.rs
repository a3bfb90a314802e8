//! Device nodes and fifos, which every system makes in its own way.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;

use container_tar::DeviceNumber;
use rustix::fs::{FileType, Mode};

#[cfg(target_os = "linux")]
pub(crate) fn make_fifo(directory: BorrowedFd<'_>, name: &OsStr, mode: Mode) -> rustix::io::Result<()> {
    rustix::fs::mknodat(directory, name, FileType::Fifo, mode, 0)
}

/// Elsewhere `rustix` has no call that makes one in an open directory.
#[cfg(not(target_os = "linux"))]
pub(crate) fn make_fifo(_directory: BorrowedFd<'_>, _name: &OsStr, _mode: Mode) -> rustix::io::Result<()> {
    Err(rustix::io::Errno::NOTSUP)
}

#[cfg(target_os = "linux")]
pub(crate) fn make_device(
    directory: BorrowedFd<'_>,
    name: &OsStr,
    kind: FileType,
    mode: Mode,
    number: DeviceNumber,
) -> rustix::io::Result<()> {
    let number = rustix::fs::makedev(number.major, number.minor);
    rustix::fs::mknodat(directory, name, kind, mode, number)
}

/// Numbers of Linux's devices mean nothing on another system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn make_device(
    _directory: BorrowedFd<'_>,
    _name: &OsStr,
    _kind: FileType,
    _mode: Mode,
    _number: DeviceNumber,
) -> rustix::io::Result<()> {
    Err(rustix::io::Errno::PERM)
}
