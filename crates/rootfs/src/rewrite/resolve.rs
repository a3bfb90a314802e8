//! Paths on a disk that is being written, over the image.

use container_ext4::{Metadata, NodeKind, Stat};

use super::target::Directory;
use super::{Rewrite, RewriteError};
use crate::entry::{Entry, Part};
use crate::error::RootError;
use crate::overlay::{OPAQUE_XATTR, WHITEOUT};
use crate::path::{MAX_SYMLINKS, absolute, join, names};

/// What has a name.
pub(super) enum Found {
    /// Nothing. `is_hidden` if the image has something that was deleted.
    Nothing { is_hidden: bool },
    /// Something that is on the disk already.
    OnDisk(Box<Stat>),
    /// Something that only the image has.
    InImage(Box<Entry>),
}

impl Found {
    pub(super) fn kind(&self) -> Option<NodeKind> {
        match self {
            Self::Nothing { .. } => None,
            Self::OnDisk(stat) => Some(stat.kind),
            Self::InImage(entry) => Some(entry.kind()),
        }
    }
}

impl Rewrite<'_> {
    /// What has `name` in the last one of `directories`, or in the root.
    pub(super) fn look(&mut self, directories: &[Directory], name: &[u8]) -> Result<Found, RewriteError> {
        let names = self.target.names(directories, name);
        if self.view.is_mount(&names) {
            return Err(RewriteError::OtherDisk { path: absolute(&names) });
        }
        let path = join(&self.target.path_on_disk(directories), name);
        match self.writer.stat(&path)? {
            Some(stat) if self.target.is_stacked && stat.kind == NodeKind::CharacterDevice(WHITEOUT) => {
                Ok(Found::Nothing { is_hidden: true })
            }
            Some(stat) => Ok(Found::OnDisk(Box::new(stat))),
            None => Ok(match self.view.disks.lookup(self.lower_of(directories), name)? {
                Some(entry) => Found::InImage(Box::new(entry)),
                None => Found::Nothing { is_hidden: false },
            }),
        }
    }

    /// The directories of the image below the last one of `directories`, or below the root.
    pub(super) fn lower_of<'b>(&'b self, directories: &'b [Directory]) -> &'b [Part] {
        directories
            .last()
            .map_or(self.target.lower.as_slice(), |directory| &directory.lower)
    }

    /// The directories that `path` leads through, from `start` on. Those that are missing are made. `shown` is for errors.
    pub(super) fn walk<N: AsRef<[u8]>>(
        &mut self,
        start: &[Directory],
        path: &[N],
        shown: &[u8],
    ) -> Result<Vec<Directory>, RewriteError> {
        let mut directories = start.to_vec();
        let mut pending: Vec<Vec<u8>> = path.iter().rev().map(|name| name.as_ref().to_vec()).collect();
        let mut links = 0;
        while let Some(name) = pending.pop() {
            if name == b".." {
                if directories.pop().is_none() && !self.target.at.is_empty() {
                    return Err(RewriteError::OtherDisk { path: shown.to_vec() });
                }
                continue;
            }
            let found = self.look(&directories, &name)?;
            let target = match (&found, found.kind()) {
                (Found::Nothing { is_hidden }, _) => {
                    self.make(&mut directories, name, *is_hidden)?;
                    continue;
                }
                (_, Some(NodeKind::Directory)) => {
                    let directory = self.directory(&directories, name, found)?;
                    directories.push(directory);
                    continue;
                }
                (Found::OnDisk(stat), Some(NodeKind::Symlink)) => stat.link_target.clone(),
                (Found::InImage(entry), Some(NodeKind::Symlink)) => self.view.link_target(entry)?,
                _ => return Err(RootError::NotADirectory { path: shown.to_vec() }.into()),
            };
            links += 1;
            if links > MAX_SYMLINKS {
                return Err(RootError::Loop { path: shown.to_vec() }.into());
            }
            if target.starts_with(b"/") {
                if !self.target.at.is_empty() {
                    return Err(RewriteError::OtherDisk { path: shown.to_vec() });
                }
                directories.clear();
            }
            pending.extend(names(&target).rev().map(<[u8]>::to_vec));
        }
        Ok(directories)
    }

    /// A directory that was found.
    pub(super) fn directory(
        &self,
        parents: &[Directory],
        name: Vec<u8>,
        found: Found,
    ) -> Result<Directory, RewriteError> {
        let below = match found {
            Found::InImage(entry) => Some(*entry),
            Found::OnDisk(stat) if is_opaque(&stat.metadata) => None,
            _ => self.view.disks.lookup(self.lower_of(parents), &name)?,
        };
        let below = below.filter(Entry::is_directory);
        Ok(Directory {
            name,
            lower: below.as_ref().map_or_else(Vec::new, |entry| entry.parts.clone()),
            below,
        })
    }

    /// Makes a directory that no entry describes.
    fn make(&mut self, directories: &mut Vec<Directory>, name: Vec<u8>, is_hidden: bool) -> Result<(), RewriteError> {
        let (uid, gid) = self.options.owner.unwrap_or_default();
        let metadata = Metadata {
            uid,
            gid,
            ..Metadata::implied_directory()
        };
        self.copy_up_directories(directories)?;
        self.new_directory(directories, &name, metadata, is_hidden)?;
        directories.push(Directory {
            name,
            lower: Vec::new(),
            below: None,
        });
        Ok(())
    }
}

pub(super) fn is_opaque(metadata: &Metadata) -> bool {
    let mark = metadata.xattrs.iter().find(|xattr| xattr.name == OPAQUE_XATTR);
    mark.is_some_and(|xattr| xattr.value.first() == Some(&b'y'))
}
