//! What the image has, brought to the container's disk because something in it, or it itself, changes.

use container_ext4::{DeviceNumber, Metadata, NodeKind, Piece, ReadError, Xattr};

use super::target::Directory;
use super::{Rewrite, RewriteError};
use crate::entry::{Entry, OVERLAY_PREFIX};
use crate::error::RootError;
use crate::overlay::OPAQUE_XATTR;
use crate::path::join;

/// What is wrong on the way of bytes from one disk to another.
enum CopyError {
    Read(ReadError),
    Write(container_ext4::WriteError),
}

impl From<ReadError> for CopyError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<container_ext4::WriteError> for CopyError {
    fn from(error: container_ext4::WriteError) -> Self {
        Self::Write(error)
    }
}

impl Rewrite<'_> {
    /// Makes the directories that only the image has, with its attributes.
    pub(super) fn copy_up_directories(&mut self, directories: &[Directory]) -> Result<(), RewriteError> {
        if self.target.is_stacked && self.writer.stat(&self.target.prefix)?.is_none() {
            let root = self.target.root.clone();
            let metadata = self.described(&root)?;
            self.writer.directory(&self.target.prefix, metadata)?;
        }
        for count in 1..=directories.len() {
            let path = self.target.path_on_disk(&directories[..count]);
            if self.writer.stat(&path)?.is_some() {
                continue;
            }
            let below = directories[count - 1].below.clone();
            let metadata = match below {
                Some(below) => self.described(&below)?,
                None => Metadata::implied_directory(),
            };
            self.writer.directory(&path, metadata)?;
        }
        Ok(())
    }

    /// Makes a directory where nothing is. It hides what the image has in its place, if that was deleted before.
    pub(super) fn new_directory(
        &mut self,
        parents: &[Directory],
        name: &[u8],
        mut metadata: Metadata,
        is_hidden: bool,
    ) -> Result<(), RewriteError> {
        if is_hidden {
            metadata.xattrs.push(Xattr {
                name: OPAQUE_XATTR.to_vec(),
                value: b"y".to_vec(),
            });
        }
        let path = join(&self.target.path_on_disk(parents), name);
        Ok(self.writer.directory(&path, metadata)?)
    }

    /// Copies something that is no directory to `path` on the disk. Further names of it stay the image's.
    pub(super) fn copy_up(&mut self, entry: &Entry, path: &[u8]) -> Result<(), RewriteError> {
        let metadata = self.described(entry)?;
        let writer = &mut self.writer;
        match entry.kind() {
            NodeKind::Symlink => writer.symlink(path, &self.view.link_target(entry)?, metadata)?,
            NodeKind::CharacterDevice(DeviceNumber { major, minor }) => {
                writer.character_device(path, DeviceNumber { major, minor }, metadata)?;
            }
            NodeKind::BlockDevice(device) => writer.block_device(path, device, metadata)?,
            NodeKind::Fifo => writer.fifo(path, metadata)?,
            NodeKind::Socket => writer.socket(path, metadata)?,
            NodeKind::Directory => return Err(RewriteError::IsADirectory { path: path.to_vec() }),
            NodeKind::File => {
                let disk = self.view.disks.disk(entry.place);
                let mut file = writer.file(path, metadata)?;
                let copied = disk.reader.content(&entry.node, |piece| match piece {
                    Piece::Hole(length) => Ok(file.skip(length)?),
                    Piece::Bytes(bytes) => Ok::<_, CopyError>(file.append(bytes)?),
                });
                copied.map_err(|error| match error {
                    CopyError::Read(source) => RewriteError::Root(disk.fail()(source)),
                    CopyError::Write(error) => RewriteError::Disk(error),
                })?;
                file.finish()?;
            }
        }
        Ok(())
    }

    /// What an entry of the image says of itself, without marks of overlayfs.
    pub(super) fn described(&self, entry: &Entry) -> Result<Metadata, RootError> {
        let disk = self.view.disks.disk(entry.place);
        let mut xattrs = disk.reader.xattrs(&entry.node).map_err(disk.fail())?;
        xattrs.retain(|xattr| !xattr.name.starts_with(OVERLAY_PREFIX));
        Ok(Metadata {
            mode: entry.mode(),
            uid: entry.uid(),
            gid: entry.gid(),
            modified: entry.modified(),
            xattrs,
        })
    }
}
