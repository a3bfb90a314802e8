//! The host's open files that locks belong to.

use std::fs::File;
use std::io;

use virtiofsd::filesystem::{FileSystem as _, ZeroCopyWriter};
use virtiofsd::oslib::ReadvFlags;

use super::{TreeFilesystem, own};
use crate::serve::names::error;

impl TreeFilesystem {
    /// The host's open file for one of the machine's: what is locked belongs to it, and is unlocked when both are closed.
    ///
    /// # Errors
    /// `EBADF` when that is not open.
    pub(in crate::serve) fn opened_file(&self, node: u64, handle: u64) -> io::Result<File> {
        let mut taker = Taker(None);
        self.host.read(own(), node, handle, &mut taker, 0, 0, None, 0)?;
        taker.0.unwrap_or_else(|| Err(error(libc::EBADF)))
    }

    /// Opens a file once more: for writing as well, which a lock that is exclusive needs, if that is possible.
    ///
    /// # Errors
    /// The host's.
    pub(in crate::serve) fn another_file(&self, node: u64) -> io::Result<File> {
        let (mut flags, reading) = (libc::O_RDWR.cast_unsigned(), libc::O_RDONLY.cast_unsigned());
        let mut opened = self.open(own(), node, false, flags);
        let refused = opened.as_ref().err().and_then(io::Error::raw_os_error);
        if let Some(libc::EROFS | libc::EACCES | libc::EPERM | libc::ETXTBSY) = refused {
            flags = reading;
            opened = self.open(own(), node, false, flags);
        }
        let handle = opened?.0.ok_or_else(|| error(libc::EBADF))?;
        let file = self.opened_file(node, handle);
        self.host.release(own(), node, flags, handle, false, false, None)?;
        file
    }
}

/// Reads nothing, but takes the open file that is read from, which the crate shows nowhere else.
struct Taker(Option<io::Result<File>>);

impl ZeroCopyWriter for Taker {
    fn read_from_file_at(&mut self, file: &File, _: usize, _: u64, _: Option<ReadvFlags>) -> io::Result<usize> {
        self.0 = Some(file.try_clone());
        Ok(0)
    }
}
