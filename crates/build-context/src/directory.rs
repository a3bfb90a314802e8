//! The seam to where the files are: a directory that is open, and what can be done by a name in it.
//!
//! A name is one name, never a path, and no symbolic link is ever followed here.

mod content;
mod disk;
#[cfg(test)]
mod watched;

use std::fmt;
use std::io;

use container_tree::Status;
use rustix::fs::FileType;

pub(crate) use content::Content;
pub(crate) use disk::DiskDirectory;
#[cfg(test)]
pub(crate) use watched::Watched;

/// Extended attributes by their full names, in the order of these.
pub(crate) type Xattrs = Vec<(Vec<u8>, Vec<u8>)>;

/// An open directory.
pub(crate) trait Directory: fmt::Debug + Send + Sync {
    /// The names in it, in no particular order.
    fn names(&self) -> io::Result<Vec<Vec<u8>>>;

    /// What a name stands for; `None` when there is nothing.
    fn status(&self, name: &[u8]) -> io::Result<Option<Status>>;

    /// Opens a directory in it. Anything else, a symbolic link too, is an error.
    fn enter(&self, name: &[u8]) -> io::Result<Box<dyn Directory>>;

    /// What a symbolic link says.
    fn read_link(&self, name: &[u8]) -> io::Result<Vec<u8>>;

    /// Opens a regular file. Anything else, a symbolic link too, is an error.
    fn open(&self, name: &[u8]) -> io::Result<Content>;

    /// Its own attributes.
    fn xattrs(&self) -> Xattrs;
}

/// An open directory, which may be the root.
#[derive(Debug)]
pub(crate) enum Here<'a> {
    Root(&'a dyn Directory),
    Below(Box<dyn Directory>),
}

impl Here<'_> {
    pub(crate) fn get(&self) -> &dyn Directory {
        match self {
            Self::Root(directory) => *directory,
            Self::Below(directory) => &**directory,
        }
    }
}

/// The names in a directory, ordered.
pub(crate) fn sorted_names(directory: &dyn Directory) -> io::Result<Vec<Vec<u8>>> {
    let mut names = directory.names()?;
    names.sort_unstable();
    Ok(names)
}

/// What a name stands for. A socket is nothing: BuildKit leaves it out, because no archive can hold one.
pub(crate) fn seen(directory: &dyn Directory, name: &[u8]) -> io::Result<Option<Status>> {
    let status = directory.status(name)?;
    Ok(status.filter(|status| status.kind != FileType::Socket))
}

/// Whether a file is not any more what it was.
pub(crate) fn is_other_kind(error: &io::Error) -> bool {
    let is_link = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    is_link || matches!(error.kind(), io::ErrorKind::NotADirectory | io::ErrorKind::NotFound)
}
