//! Extended attributes.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt as _};
use std::path::PathBuf;

use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr, lgetxattr, llistxattr, lsetxattr};
use rustix::io::Errno;

/// The largest list of names and the largest value, `XATTR_LIST_MAX` and `XATTR_SIZE_MAX`, limits.h.
const MAX_BYTES: usize = 64 << 10;

/// What file systems keep for themselves: overlayfs's notes, and ours about shared directories.
const NOBODYS: [&[u8]; 2] = [b"trusted.overlay.", b"user.container."];

/// Which extended attributes are carried.
#[derive(Debug, Clone)]
pub enum Attributes {
    /// What means the same on another machine: those of users, and capabilities of programs.
    Portable,
    /// All of them, also on what cannot be opened: links, devices, fifos.
    All {
        /// `/proc/self/fd` by a name that leads there.
        descriptors: PathBuf,
    },
}

impl Attributes {
    fn carries(&self, name: &[u8]) -> bool {
        let portable = || name.starts_with(b"user.") || name == b"security.capability";
        !NOBODYS.iter().any(|prefix| name.starts_with(prefix)) && (matches!(self, Self::All { .. }) || portable())
    }

    /// Those of an open file or directory, ordered by name.
    #[must_use]
    pub fn of_file(&self, file: BorrowedFd<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.collect(
            |buffer| flistxattr(file, buffer),
            |name, buffer| fgetxattr(file, name, buffer),
        )
    }

    /// Those of `name` in `directory`, whatever it is.
    pub(crate) fn of_name(&self, directory: BorrowedFd<'_>, name: &OsStr) -> Vec<(Vec<u8>, Vec<u8>)> {
        let Self::All { descriptors } = self else {
            return Vec::new();
        };
        let path = descriptors.join(directory.as_raw_fd().to_string()).join(name);
        self.collect(
            |buffer| llistxattr(&path, buffer),
            |name, buffer| lgetxattr(&path, name, buffer),
        )
    }

    /// An attribute that vanishes meanwhile, or that a file system lists and does not give, is left out.
    fn collect(
        &self,
        list: impl Fn(&mut [u8]) -> rustix::io::Result<usize>,
        get: impl Fn(&OsStr, &mut [u8]) -> rustix::io::Result<usize>,
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        // Nearly every file has none, and says so without a buffer.
        let Ok(1..) = list(&mut []) else {
            return Vec::new();
        };
        let mut names = vec![0; MAX_BYTES];
        let Ok(length) = list(&mut names) else {
            return Vec::new();
        };
        names.truncate(length);
        let mut value = vec![0; MAX_BYTES];
        let mut found: Vec<_> = names
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty() && self.carries(name))
            .filter_map(|name| {
                let length = get(OsStr::from_bytes(name), &mut value).ok()?;
                Some((name.to_vec(), value.get(..length)?.to_vec()))
            })
            .collect();
        found.sort();
        found
    }

    /// Gives an open file or directory attributes.
    pub(crate) fn set_on_file(
        &self,
        file: BorrowedFd<'_>,
        attributes: &[(Vec<u8>, Vec<u8>)],
    ) -> rustix::io::Result<()> {
        self.each(attributes, |name, value| {
            fsetxattr(file, name, value, XattrFlags::empty())
        })
    }

    /// Gives `name` in `directory` attributes, whatever it is.
    pub(crate) fn set_on_name(
        &self,
        directory: BorrowedFd<'_>,
        name: &OsStr,
        attributes: &[(Vec<u8>, Vec<u8>)],
    ) -> rustix::io::Result<()> {
        let Self::All { descriptors } = self else {
            return Ok(());
        };
        let path = descriptors.join(directory.as_raw_fd().to_string()).join(name);
        self.each(attributes, |name, value| {
            lsetxattr(&path, name, value, XattrFlags::empty())
        })
    }

    /// What a file system does not have and what an ordinary user may not set is left out.
    fn each(
        &self,
        attributes: &[(Vec<u8>, Vec<u8>)],
        set: impl Fn(&OsStr, &[u8]) -> rustix::io::Result<()>,
    ) -> rustix::io::Result<()> {
        for (name, value) in attributes.iter().filter(|(name, _)| self.carries(name)) {
            let name = OsString::from_vec(name.clone());
            match set(&name, value) {
                Ok(()) | Err(Errno::NOTSUP) => {}
                Err(Errno::PERM | Errno::ACCESS) if matches!(self, Self::Portable) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
