//! The directory in which something was made last, kept open: programs make many files in one directory, and the record of that is needed each time.

use std::fs::File;
use std::io;
use std::sync::PoisonError;

use rustix::fs::fgetxattr;
use rustix::io::Errno;
use virtiofsd::filesystem::FileSystem as _;

use super::{TreeFilesystem, own};
use crate::serve::names::error;
use crate::serve::record::{MAXIMUM_BYTES, RECORD_NAME, Record};

/// An open directory of the host, and its node.
pub(super) struct Parent {
    node: u64,
    directory: File,
}

impl TreeFilesystem {
    /// The record of a directory, now; nothing where that cannot be opened.
    pub(super) fn record_of_parent(&self, node: u64) -> Option<Record> {
        let mut last = self.parent.lock().unwrap_or_else(PoisonError::into_inner);
        let parent = match last.take().filter(|parent| parent.node == node) {
            Some(parent) => parent,
            None => Parent {
                node,
                directory: self.open_directory(node).ok()?,
            },
        };
        let mut text = [0; MAXIMUM_BYTES as usize];
        let found = fgetxattr(&parent.directory, RECORD_NAME, &mut text);
        *last = Some(parent);
        match found {
            Ok(length) => Some(text.get(..length).and_then(Record::parse).unwrap_or_default()),
            // None, or one that is no record, which is too long.
            Err(Errno::NODATA | Errno::RANGE) => Some(Record::default()),
            Err(_) => None,
        }
    }

    /// Closes it.
    pub(super) fn leave_parent(&self) {
        *self.parent.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn open_directory(&self, node: u64) -> io::Result<File> {
        let flags = libc::O_RDONLY.cast_unsigned();
        let handle = self.host.opendir(own(), node, flags)?.0;
        let handle = handle.ok_or_else(|| error(libc::EBADF))?;
        let directory = self.opened_file(node, handle);
        self.host.releasedir(own(), node, flags, handle)?;
        directory
    }
}
