//! From a path to the directory it lies in.

use std::io::{Seek, Write};

use super::{EntryKind, Writer};
use crate::error::WriteError;
use crate::metadata::Metadata;
use crate::path::{components, split_plain};
use crate::tree::{Content, Kind, NodeId};

/// Symbolic links followed on one path, as the kernel's MAXSYMLINKS.
const MAX_SYMLINKS: u32 = 40;

/// A place for an entry.
#[derive(Debug)]
pub(super) enum Place<'a> {
    Root,
    In { parent: NodeId, name: &'a [u8] },
}

/// What to do about parents that do not exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Make,
    Stop,
}

impl<W: Write + Seek> Writer<W> {
    /// The place of `path`, with all its parents made.
    pub(super) fn make_place<'a>(&mut self, path: &'a [u8]) -> Result<Place<'a>, WriteError> {
        if let Some((directory, name)) = split_plain(path) {
            // Entries of one directory mostly follow each other.
            if let Some((last, parent)) = &self.last_parent
                && last == directory
            {
                return Ok(Place::In { parent: *parent, name });
            }
            let names = components(directory)?;
            let parent = self.walk(path, NodeId::ROOT, &names, Missing::Make)?;
            return match parent {
                Some(parent) => {
                    self.last_parent = Some((directory.to_vec(), parent));
                    Ok(Place::In { parent, name })
                }
                None => Err(WriteError::NotADirectory { path: path.to_vec() }),
            };
        }
        let names = components(path)?;
        let Some((name, parents)) = names.split_last() else {
            return Ok(Place::Root);
        };
        match self.walk(path, NodeId::ROOT, parents, Missing::Make)? {
            Some(parent) => Ok(Place::In { parent, name }),
            None => Err(WriteError::NotADirectory { path: path.to_vec() }),
        }
    }

    /// The place of `path`, or `None` when a parent does not exist.
    pub(super) fn find_place<'a>(&mut self, path: &'a [u8]) -> Result<Option<Place<'a>>, WriteError> {
        let names = components(path)?;
        let Some((name, parents)) = names.split_last() else {
            return Ok(Some(Place::Root));
        };
        let parent = self.walk(path, NodeId::ROOT, parents, Missing::Stop)?;
        Ok(parent.map(|parent| Place::In { parent, name }))
    }

    /// The node at `path`, if there is one. A symbolic link at the end is not followed.
    pub(super) fn find(&mut self, path: &[u8]) -> Result<Option<NodeId>, WriteError> {
        Ok(match self.find_place(path)? {
            None => None,
            Some(Place::Root) => Some(NodeId::ROOT),
            Some(Place::In { parent, name }) => self.tree.child(parent, name)?.map(|child| child.node),
        })
    }

    /// The kind of the entry at `path`, if there is one.
    ///
    /// # Errors
    /// [`WriteError::InvalidPath`], [`WriteError::NotADirectory`], [`WriteError::SymlinkLoop`].
    pub fn entry_kind(&mut self, path: &[u8]) -> Result<Option<EntryKind>, WriteError> {
        let node = self.find(path)?;
        Ok(node.map(|node| match self.tree.entry(node).kind {
            Kind::Directory if self.tree.entry(node).marked => EntryKind::UndescribedDirectory,
            Kind::Directory => EntryKind::Directory,
            _ => EntryKind::Other,
        }))
    }

    /// Whether `path` leads to the root directory.
    ///
    /// # Errors
    /// [`WriteError::InvalidPath`], [`WriteError::NotADirectory`], [`WriteError::SymlinkLoop`].
    pub fn is_root(&mut self, path: &[u8]) -> Result<bool, WriteError> {
        Ok(self.find(path)? == Some(NodeId::ROOT))
    }

    /// Makes the directory `path` and those above it, as far as they are missing. They count as undescribed.
    ///
    /// # Errors
    /// [`WriteError::InvalidPath`], [`WriteError::NotADirectory`], [`WriteError::SymlinkLoop`], or any about a limit.
    pub fn undescribed_directory(&mut self, path: &[u8]) -> Result<(), WriteError> {
        let names = components(path)?;
        self.walk(path, NodeId::ROOT, &names, Missing::Make)?;
        Ok(())
    }

    /// Walks down `names` from the directory `here`, following symbolic links without ever leaving the disk. `path` is for errors.
    pub(super) fn walk(
        &mut self,
        path: &[u8],
        mut here: NodeId,
        names: &[&[u8]],
        missing: Missing,
    ) -> Result<Option<NodeId>, WriteError> {
        let mut links = 0;
        let mut pending: Vec<Vec<u8>> = names.iter().rev().map(|name| name.to_vec()).collect();
        while let Some(name) = pending.pop() {
            if name == b".." {
                here = self.tree.entry(here).parent;
                continue;
            }
            let Some(child) = self.tree.child(here, &name)? else {
                if missing == Missing::Stop {
                    return Ok(None);
                }
                here = self.add_directory(here, &name, Metadata::implied_directory())?;
                self.tree.mark(here, true);
                continue;
            };
            match self.tree.entry(child.node).kind {
                Kind::Directory => here = child.node,
                Kind::Symlink if !self.tree.entry(child.node).marked => {
                    let Content::Symlink(target) = self.tree.record(child.node)?.content else {
                        continue;
                    };
                    links += 1;
                    if links > MAX_SYMLINKS {
                        return Err(WriteError::SymlinkLoop { path: path.to_vec() });
                    }
                    if target.starts_with(b"/") {
                        here = NodeId::ROOT;
                    }
                    let parts = target.rsplit(|byte| *byte == b'/');
                    pending.extend(parts.filter(|part| !matches!(*part, b"" | b".")).map(<[u8]>::to_vec));
                }
                _ => return Err(WriteError::NotADirectory { path: path.to_vec() }),
            }
        }
        Ok(Some(here))
    }

    /// Adds a directory where there is nothing.
    pub(super) fn add_directory(
        &mut self,
        parent: NodeId,
        name: &[u8],
        metadata: Metadata,
    ) -> Result<NodeId, WriteError> {
        self.add_node(parent, name, &metadata, Content::Directory)
    }
}
