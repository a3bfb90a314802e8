//! Entries of all kinds but regular files.

use std::io::{Seek, Write};

use super::Writer;
use super::resolve::Place;
use crate::disk::block_size::BlockSize;
use crate::error::WriteError;
use crate::metadata::{DeviceNumber, Metadata, Xattr};
use crate::tree::{Content, NodeId};

/// EXT4_LINK_MAX
const MAX_LINKS: u32 = 65_000;
/// Bytes counted for a name besides its own.
const ENTRY_BYTES: usize = 16;

impl<W: Write + Seek> Writer<W> {
    /// Adds a directory, or gives the one that is there new metadata.
    ///
    /// # Errors
    /// Any [`WriteError`] about the path, the attributes or a limit.
    pub fn directory(&mut self, path: &[u8], metadata: Metadata) -> Result<(), WriteError> {
        self.check_xattrs(path, &metadata.xattrs)?;
        let (parent, name) = match self.make_place(path)? {
            Place::Root => {
                self.tree.mark(NodeId::ROOT, false);
                return Ok(self.tree.set_metadata(NodeId::ROOT, &metadata)?);
            }
            Place::In { parent, name } => (parent, name),
        };
        if let Some(child) = self.tree.child(parent, name)?
            && self.tree.is_directory(child.node)
        {
            self.tree.mark(child.node, false);
            return Ok(self.tree.set_metadata(child.node, &metadata)?);
        }
        self.clear_place(parent, name)?;
        self.add_directory(parent, name, metadata)?;
        Ok(())
    }

    /// Adds a symbolic link; `target` is 1 to 4,095 bytes and not interpreted.
    ///
    /// # Errors
    /// [`WriteError::InvalidSymlink`], [`WriteError::BlocksTooSmall`], or any other about the path, the attributes or a limit.
    pub fn symlink(&mut self, path: &[u8], target: &[u8], metadata: Metadata) -> Result<(), WriteError> {
        self.check_symlink(path, target)?;
        self.entry(path, metadata, Content::Symlink(target.to_vec()))?;
        Ok(())
    }

    /// Refuses a target that could not be written later, and counts its bytes.
    pub(super) fn check_symlink(&mut self, path: &[u8], target: &[u8]) -> Result<(), WriteError> {
        if target.is_empty() || target.len() > BlockSize::Kib4.max_symlink_bytes() || target.contains(&0) {
            return Err(WriteError::InvalidSymlink { path: path.to_vec() });
        }
        if target.len() > self.options.block_size.max_symlink_bytes() {
            return Err(WriteError::BlocksTooSmall { path: path.to_vec() });
        }
        self.retain(target.len())
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
        self.entry(path, metadata, Content::CharacterDevice(device))?;
        Ok(())
    }

    /// Adds a block device.
    ///
    /// # Errors
    /// [`WriteError::InvalidDevice`], or any other about the path, the attributes or a limit.
    pub fn block_device(&mut self, path: &[u8], device: DeviceNumber, metadata: Metadata) -> Result<(), WriteError> {
        check_device(path, device)?;
        self.entry(path, metadata, Content::BlockDevice(device))?;
        Ok(())
    }

    /// Adds a named pipe.
    ///
    /// # Errors
    /// Any [`WriteError`] about the path, the attributes or a limit.
    pub fn fifo(&mut self, path: &[u8], metadata: Metadata) -> Result<(), WriteError> {
        self.entry(path, metadata, Content::Fifo)?;
        Ok(())
    }

    /// Adds a socket.
    ///
    /// # Errors
    /// Any [`WriteError`] about the path, the attributes or a limit.
    pub fn socket(&mut self, path: &[u8], metadata: Metadata) -> Result<(), WriteError> {
        self.entry(path, metadata, Content::Socket)?;
        Ok(())
    }

    /// Gives the file at `target` the further name `path`. Symbolic links are linked to, not followed. A directory that no entry describes
    /// is no target: it may stand for a symbolic link of a lower layer, which entries of this one go through.
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
        if self.tree.is_directory(node) && self.tree.is_marked(node) {
            return Err(missing());
        }
        if self.tree.is_directory(node) {
            return Err(WriteError::LinkToDirectory {
                path: path.to_vec(),
                target: target.to_vec(),
            });
        }
        let Place::In { parent, name } = self.make_place(path)? else {
            return Err(WriteError::InvalidPath { path: path.to_vec() });
        };
        self.link_in(path, parent, name, node)
    }

    /// Gives `node`, which is no directory, the name `name` in the directory `parent`; `path` is for errors.
    pub(super) fn link_in(&mut self, path: &[u8], parent: NodeId, name: &[u8], node: NodeId) -> Result<(), WriteError> {
        let replaced = self.tree.child(parent, name)?;
        if replaced.is_some_and(|child| child.node == node) {
            return Ok(());
        }
        if self.tree.record(node)?.names >= MAX_LINKS {
            return Err(WriteError::TooManyLinks { path: path.to_vec() });
        }
        self.make_room(name.len())?;
        // The target may lie below the entry that is replaced, so it gets its new name first.
        self.tree.link(parent, name, node)?;
        if let Some(child) = replaced {
            self.remove(child.entry)?;
        }
        Ok(())
    }

    /// Adds a hard link to the file `target` of a lower layer. [`Self::lay`] makes the link when it lays this disk over that layer. Until then the disk has a
    /// marked symbolic link at `path`, which a kernel would take for a real one.
    ///
    /// # Errors
    /// [`WriteError::InvalidSymlink`] for a target that could be no path, [`WriteError::BlocksTooSmall`], or any other about the path or a limit.
    pub fn link_elsewhere(&mut self, path: &[u8], target: &[u8]) -> Result<(), WriteError> {
        self.check_symlink(path, target)?;
        let node = self.entry(path, Metadata::default(), Content::Symlink(target.to_vec()))?;
        self.tree.mark(node, true);
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
        let record = self.tree.record(node)?;
        let mut metadata = self.tree.metadata(&record)?;
        metadata.xattrs.retain(|existing| existing.name != xattr.name);
        metadata.xattrs.push(xattr);
        self.check_xattrs(path, &metadata.xattrs)?;
        Ok(self.tree.set_metadata(node, &metadata)?)
    }

    /// Puts an entry in its place.
    fn entry(&mut self, path: &[u8], metadata: Metadata, content: Content) -> Result<NodeId, WriteError> {
        self.check_xattrs(path, &metadata.xattrs)?;
        let Place::In { parent, name } = self.make_place(path)? else {
            return Err(WriteError::InvalidPath { path: path.to_vec() });
        };
        self.clear_place(parent, name)?;
        self.add_node(parent, name, &metadata, content)
    }

    /// Makes a node, within the limits.
    pub(super) fn add_node(
        &mut self,
        parent: NodeId,
        name: &[u8],
        metadata: &Metadata,
        content: Content,
    ) -> Result<NodeId, WriteError> {
        self.make_room(name.len())?;
        Ok(self.tree.add(parent, name, metadata, content)?)
    }

    /// Counts one more entry.
    fn make_room(&mut self, name_bytes: usize) -> Result<(), WriteError> {
        let limit = self.options.limits.entries;
        if self.tree.made() >= limit as usize {
            return Err(WriteError::TooManyEntries { limit });
        }
        self.retain(name_bytes + ENTRY_BYTES)
    }

    /// Removes what has this name.
    pub(super) fn clear_place(&mut self, parent: NodeId, name: &[u8]) -> Result<(), WriteError> {
        match self.tree.child(parent, name)? {
            Some(child) => self.remove(child.entry),
            None => Ok(()),
        }
    }

    pub(super) fn remove(&mut self, entry: NodeId) -> Result<(), WriteError> {
        self.last_parent = None;
        Ok(self.tree.unlink(entry)?)
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
