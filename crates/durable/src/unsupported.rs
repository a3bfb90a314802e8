//! Whether a file system only lacks what it was asked for.

use std::io;

use rustix::io::Errno;

/// Whether an error says that the file system, or the kernel, does not know the operation, so that another way has to be taken.
///
/// Which number that is differs from one file system to the next: `ENOTSUP`, `ENOTTY` and `ENOSYS` are said by those that have no
/// such call, `EINVAL` by those that do not know the command, `EXDEV` of two files that cannot share blocks.
pub(crate) fn is_unsupported(error: &io::Error) -> bool {
    let unsupported = [
        Errno::NOTSUP,
        Errno::OPNOTSUPP,
        Errno::NOTTY,
        Errno::NOSYS,
        Errno::INVAL,
        Errno::XDEV,
    ];
    Errno::from_io_error(error).is_some_and(|errno| unsupported.contains(&errno))
}
