//! A tree of the root as a tar.

use std::io::Write;

use container_tar::Writer;

use crate::error::RootError;
use crate::path::join;
use crate::tar_entry::TarEntries;
use crate::view::{RootView, TreeWalk};

/// How a tree becomes a tar.
#[derive(Debug, Clone, Copy, Default)]
pub struct ArchiveOptions {
    /// Whether a symbolic link at the end of the path is followed. Those in the tree never are.
    pub follows_link: bool,
}

impl RootView {
    /// Adds what is at `path`, with all that is in it, to a tar: as `name`, and `name/…` below it. If `name` is empty there is no entry for `path` itself.
    ///
    /// It is what `tar` in the container makes of it: all kinds of files but sockets, further names of a file as hard links to the first, holes, owners,
    /// modes, times, and all extended attributes, access lists and capabilities among them. Directories come before what is in them, names in the order of their bytes.
    /// The disks of volumes are gone into. Files with several names take memory, others none.
    ///
    /// # Errors
    /// As [`Self::stat`]; [`RootError::Tar`], after which the tar is of no use; [`RootError::DirectoryTwice`], [`RootError::TooDeep`],
    /// [`RootError::TooMuch`].
    pub fn archive<W: Write>(
        &self,
        path: &[u8],
        name: &[u8],
        options: ArchiveOptions,
        writer: &mut Writer<W>,
    ) -> Result<(), RootError> {
        let located = self.locate(path, options.follows_link)?;
        let start = located
            .entry
            .ok_or_else(|| RootError::NotFound { path: path.to_vec() })?;
        let mut tar = TarEntries::new(self, writer);
        let mut walk = TreeWalk::new(self, located.names, start);
        while let Some(visit) = walk.next()? {
            let name = match visit.path.as_slice() {
                b"" => name.to_vec(),
                below => join(name, below),
            };
            if !name.is_empty() {
                tar.add(&name, &visit.entry)?;
            }
        }
        Ok(())
    }
}
