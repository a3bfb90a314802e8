//! Directories of the host.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use container_tree::{Attributes, Status};
use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, openat, readlinkat};
use rustix::io::Errno;

use super::{Content, Directory, Xattrs};

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// A fifo in a file's place must not block, nor a terminal become the process's own.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// An open directory of the host.
#[derive(Debug)]
pub(crate) struct DiskDirectory(OwnedFd);

impl DiskDirectory {
    /// The root of a context. It, and what is on the way to it, may be a symbolic link.
    pub(crate) fn root(path: &Path) -> io::Result<Self> {
        Ok(Self(openat(CWD, path, DIRECTORY, Mode::empty())?))
    }
}

impl Directory for DiskDirectory {
    fn names(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        for found in Dir::read_from(&self.0)? {
            let found = found?;
            let name = found.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(name.to_vec());
            }
        }
        Ok(names)
    }

    fn status(&self, name: &[u8]) -> io::Result<Option<Status>> {
        match Status::of(self.0.as_fd(), OsStr::from_bytes(name)) {
            Ok(status) => Ok(Some(status)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn enter(&self, name: &[u8]) -> io::Result<Box<dyn Directory>> {
        let directory = openat(&self.0, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?;
        Ok(Box::new(Self(directory)))
    }

    fn read_link(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        Ok(readlinkat(&self.0, name, Vec::new())?.into_bytes())
    }

    fn open(&self, name: &[u8]) -> io::Result<Content> {
        let file = openat(&self.0, name, FILE, Mode::empty())?;
        // What is no file any more is not read; it is as if it had gone.
        if Status::of_file(file.as_fd())?.kind != FileType::RegularFile {
            return Err(Errno::NOENT.into());
        }
        Content::of_file(File::from(file))
    }

    fn xattrs(&self) -> Xattrs {
        Attributes::Portable.of_file(self.0.as_fd())
    }
}
