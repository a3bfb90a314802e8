//! Entries of all kinds but regular files.

use std::io::{Seek, Write};

use super::Writer;
use super::resolve::Place;
use crate::error::WriteError;
use crate::metadata::{DeviceNumber, Metadata, Xattr};
use crate::tree::{Child, Content, NodeId};

/// The longest target of a symbolic link: a block with a NUL at its end.
const MAX_SYMLINK_BYTES: usize = 4095;
/// EXT4_LINK_MAX
const MAX_LINKS: u32 = 65_000;
/// Bytes counted for a name besides its own.
const CHILD_BYTES: usize = 16;

impl<W: Write + Seek> Writer<W> {
    /// Adds a directory, or gives the one that is there new metadata.
    ///
    /// # Errors
    /// Any [`WriteError`] about the path, the attributes or a limit.
    pub fn directory(&mut self, path: &[u8], metadata: Metadata) -> Result<(), WriteError> {
        self.check_xattrs(path, &metadata.xattrs)?;
        let (parent, name) = match self.make_place(path)? {
            Place::Root => {
                self.tree.node_mut(NodeId::ROOT).metadata = metadata;
                return Ok(());
            }
            Place::In { parent, name } => (parent, name),
        };
        if let Some(child) = self.tree.child(parent, name)
            && self.tree.directory(child.node).is_some()
        {
            self.tree.node_mut(child.node).metadata = metadata;
            self.tree.touch(parent, name, self.layer);
            return Ok(());
        }
        self.clear_place(parent, name);
        self.add_directory(parent, name, metadata)?;
        Ok(())
    }

    /// Adds a symbolic link; `target` is 1 to 4,095 bytes and not interpreted.
    ///
    /// # Errors
    /// [`WriteError::InvalidSymlink`], or any other about the path, the attributes or a limit.
    pub fn symlink(&mut self, path: &[u8], target: &[u8], metadata: Metadata) -> Result<(), WriteError> {
        if target.is_empty() || target.len() > MAX_SYMLINK_BYTES || target.contains(&0) {
            return Err(WriteError::InvalidSymlink { path: path.to_vec() });
        }
        self.retain(target.len())?;
        self.entry(path, metadata, Content::Symlink(target.into()))
    }

    /// Adds a character device.
    ///
    /// # Errors
    /// [`WriteError::InvalidDevice`], or any other about the path, the attributes or a limit.
    pub fn character_device(
        &mut self,
        path: &[u8],
        device: DeviceNumber,
        metadata: Metadata,
    ) -> Result<(), WriteError> {
        check_device(path, device)?;
        self.entry(path, metadata, Content::CharacterDevice(device))
    }

    /// Adds a block device.
    ///
    /// # Errors
    /// [`WriteError::InvalidDevice`], or any other about the path, the attributes or a limit.
    pub fn block_device(&mut self, path: &[u8], device: DeviceNumber, metadata: Metadata) -> Result<(), WriteError> {
        check_device(path, device)?;
        self.entry(path, metadata, Content::BlockDevice(device))
    }

    /// Adds a named pipe.
    ///
    /// # Errors
    /// Any [`WriteError`] about the path, the attributes or a limit.
    pub fn fifo(&mut self, path: &[u8], metadata: Metadata) -> Result<(), WriteError> {
        self.entry(path, metadata, Content::Fifo)
    }

    /// Adds a socket.
    ///
    /// # Errors
    /// Any [`WriteError`] about the path, the attributes or a limit.
    pub fn socket(&mut self, path: &[u8], metadata: Metadata) -> Result<(), WriteError> {
        self.entry(path, metadata, Content::Socket)
    }

    /// Gives the file at `target` the further name `path`. Symbolic links are linked to, not followed.
    ///
    /// # Errors
    /// [`WriteError::LinkTargetMissing`], [`WriteError::LinkToDirectory`], [`WriteError::TooManyLinks`], or any other about the paths or a limit.
    pub fn hard_link(&mut self, path: &[u8], target: &[u8]) -> Result<(), WriteError> {
        let missing = || WriteError::LinkTargetMissing {
            path: path.to_vec(),
            target: target.to_vec(),
        };
        let node = match self.find(target) {
            Ok(found) => found.ok_or_else(missing)?,
            Err(WriteError::NotADirectory { .. }) => return Err(missing()),
            Err(error) => return Err(error),
        };
        if self.tree.directory(node).is_some() {
            return Err(WriteError::LinkToDirectory {
                path: path.to_vec(),
                target: target.to_vec(),
            });
        }
        let Place::In { parent, name } = self.make_place(path)? else {
            return Err(WriteError::InvalidPath { path: path.to_vec() });
        };
        if self.tree.child(parent, name).is_some_and(|child| child.node == node) {
            self.tree.touch(parent, name, self.layer);
            return Ok(());
        }
        if self.tree.node(node).names >= MAX_LINKS {
            return Err(WriteError::TooManyLinks { path: path.to_vec() });
        }
        self.retain(name.len() + CHILD_BYTES)?;
        // The target may lie below the entry that is replaced; one more name keeps it alive.
        self.tree.node_mut(node).names += 1;
        self.clear_place(parent, name);
        self.tree.link(
            parent,
            name,
            Child {
                node,
                layer: self.layer,
            },
        );
        self.tree.node_mut(node).names -= 1;
        Ok(())
    }

    /// Sets one extended attribute of an entry that is there; does nothing where there is none.
    ///
    /// # Errors
    /// [`WriteError::InvalidXattr`], [`WriteError::TooManyXattrs`], or any other about the path or a limit.
    pub fn set_xattr(&mut self, path: &[u8], xattr: Xattr) -> Result<(), WriteError> {
        let Some(node) = self.find(path)? else {
            return Ok(());
        };
        let mut xattrs = self.tree.node(node).metadata.xattrs.clone();
        xattrs.retain(|existing| existing.name != xattr.name);
        xattrs.push(xattr);
        self.check_xattrs(path, &xattrs)?;
        self.tree.node_mut(node).metadata.xattrs = xattrs;
        Ok(())
    }

    /// Puts an entry in its place.
    pub(super) fn entry(&mut self, path: &[u8], metadata: Metadata, content: Content) -> Result<(), WriteError> {
        self.check_xattrs(path, &metadata.xattrs)?;
        let Place::In { parent, name } = self.make_place(path)? else {
            return Err(WriteError::InvalidPath { path: path.to_vec() });
        };
        self.clear_place(parent, name);
        self.add_node(parent, name, metadata, content)?;
        Ok(())
    }

    /// Makes a node, within the limits.
    pub(super) fn add_node(
        &mut self,
        parent: NodeId,
        name: &[u8],
        metadata: Metadata,
        content: Content,
    ) -> Result<NodeId, WriteError> {
        let limit = self.options.limits.entries;
        if self.tree.made() >= limit as usize {
            return Err(WriteError::TooManyEntries { limit });
        }
        self.retain(name.len() + CHILD_BYTES)?;
        Ok(self.tree.add(parent, name, self.layer, metadata, content))
    }

    /// Removes what has this name.
    pub(super) fn clear_place(&mut self, parent: NodeId, name: &[u8]) {
        if self.tree.child(parent, name).is_some() {
            self.tree.unlink(parent, name);
            self.last_parent = None;
        }
    }
}

fn check_device(path: &[u8], device: DeviceNumber) -> Result<(), WriteError> {
    if device.is_valid() {
        return Ok(());
    }
    Err(WriteError::InvalidDevice {
        path: path.to_vec(),
        major: device.major,
        minor: device.minor,
    })
}
