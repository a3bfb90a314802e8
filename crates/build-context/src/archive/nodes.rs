//! The entries of a tar as directories.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use container_tar::{DeviceNumber, Region, Timestamp};
use container_tree::Status;
use rustix::fs::FileType;
use rustix::io::Errno;

use crate::directory::{Content, Directory, Xattrs};

/// Which file, whatever its names.
pub(super) type NodeNumber = usize;

/// The root of a tar.
pub(super) const ROOT: NodeNumber = 0;

/// A file or directory.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) mode: u16,
    pub(super) modified: Timestamp,
    pub(super) xattrs: Xattrs,
    /// How many names it has.
    pub(super) links: u64,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    File {
        size_bytes: u64,
        /// Which parts have data, and where in the scratch file.
        parts: Arc<[(Region, u64)]>,
    },
    Directory(BTreeMap<Vec<u8>, NodeNumber>),
    Symlink(Vec<u8>),
    CharacterDevice(DeviceNumber),
    BlockDevice(DeviceNumber),
    Fifo,
}

impl Node {
    /// A directory that the tar has no entry for.
    pub(super) fn implied_directory() -> Self {
        Self {
            kind: NodeKind::Directory(BTreeMap::new()),
            mode: 0o755,
            modified: Timestamp::default(),
            xattrs: Vec::new(),
            links: 1,
        }
    }

    fn status(&self, number: NodeNumber) -> Status {
        let (kind, size_bytes, device) = match &self.kind {
            NodeKind::File { size_bytes, .. } => (FileType::RegularFile, *size_bytes, None),
            NodeKind::Directory(_) => (FileType::Directory, 0, None),
            NodeKind::Symlink(target) => (FileType::Symlink, target.len() as u64, None),
            NodeKind::CharacterDevice(device) => (FileType::CharacterDevice, 0, Some(*device)),
            NodeKind::BlockDevice(device) => (FileType::BlockDevice, 0, Some(*device)),
            NodeKind::Fifo => (FileType::Fifo, 0, None),
        };
        Status {
            kind,
            mode: self.mode,
            uid: 0,
            gid: 0,
            size_bytes,
            allocated_bytes: 0,
            links: self.links,
            identity: (0, number as u64),
            modified: self.modified,
            changed: self.modified,
            device: device.unwrap_or(DeviceNumber { major: 0, minor: 0 }),
        }
    }
}

/// All of a tar.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) nodes: Vec<Node>,
    /// The content of its files.
    pub(super) scratch: Arc<File>,
}

/// A directory of a tar.
#[derive(Debug)]
pub(crate) struct ArchiveDirectory {
    archive: Arc<Archive>,
    number: NodeNumber,
}

impl ArchiveDirectory {
    pub(super) fn root(archive: Archive) -> Self {
        Self {
            archive: Arc::new(archive),
            number: ROOT,
        }
    }

    fn children(&self) -> io::Result<&BTreeMap<Vec<u8>, NodeNumber>> {
        match self.archive.nodes.get(self.number) {
            Some(Node {
                kind: NodeKind::Directory(children),
                ..
            }) => Ok(children),
            _ => Err(Errno::NOTDIR.into()),
        }
    }

    fn child(&self, name: &[u8]) -> io::Result<(NodeNumber, &Node)> {
        let number = self.children()?.get(name).copied().ok_or(Errno::NOENT)?;
        let node = self.archive.nodes.get(number).ok_or(Errno::NOENT)?;
        Ok((number, node))
    }
}

impl Directory for ArchiveDirectory {
    fn names(&self) -> io::Result<Vec<Vec<u8>>> {
        Ok(self.children()?.keys().cloned().collect())
    }

    fn status(&self, name: &[u8]) -> io::Result<Option<Status>> {
        match self.child(name) {
            Ok((number, node)) => Ok(Some(node.status(number))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn enter(&self, name: &[u8]) -> io::Result<Box<dyn Directory>> {
        let (number, _) = self.child(name)?;
        let directory = Self {
            archive: Arc::clone(&self.archive),
            number,
        };
        directory.children()?;
        Ok(Box::new(directory))
    }

    fn read_link(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        match self.child(name)?.1 {
            Node {
                kind: NodeKind::Symlink(target),
                ..
            } => Ok(target.clone()),
            _ => Err(Errno::INVAL.into()),
        }
    }

    fn open(&self, name: &[u8]) -> io::Result<Content> {
        let (_, node) = self.child(name)?;
        let NodeKind::File { size_bytes, parts } = &node.kind else {
            return Err(Errno::NOENT.into());
        };
        let scratch = Arc::clone(&self.archive.scratch);
        Ok(Content::of_parts(
            scratch,
            Arc::clone(parts),
            *size_bytes,
            node.xattrs.clone(),
        ))
    }

    fn xattrs(&self) -> Xattrs {
        self.archive
            .nodes
            .get(self.number)
            .map_or_else(Vec::new, |node| node.xattrs.clone())
    }
}
