//! What is on the disk so far.

use std::io::{Seek, Write};

use super::Writer;
use crate::error::WriteError;
use crate::metadata::Metadata;
use crate::reader::NodeKind;
use crate::tree::Content;

/// An entry that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: NodeKind,
    /// What was said of it.
    pub metadata: Metadata,
    /// What a symbolic link says; empty for anything else.
    pub link_target: Vec<u8>,
}

impl<W: Write + Seek> Writer<W> {
    /// What is at `path`, if anything is. A symbolic link at the end is not followed.
    ///
    /// # Errors
    /// [`WriteError::InvalidPath`], [`WriteError::NotADirectory`], [`WriteError::SymlinkLoop`], [`WriteError::Io`].
    pub fn stat(&mut self, path: &[u8]) -> Result<Option<Stat>, WriteError> {
        let Some(node) = self.find(path)? else {
            return Ok(None);
        };
        let record = self.tree.record(node)?;
        let metadata = self.tree.metadata(&record)?;
        let mut link_target = Vec::new();
        let kind = match record.content {
            Content::Directory => NodeKind::Directory,
            Content::File(_) => NodeKind::File,
            Content::Symlink(target) => {
                link_target = target;
                NodeKind::Symlink
            }
            Content::CharacterDevice(device) => NodeKind::CharacterDevice(device),
            Content::BlockDevice(device) => NodeKind::BlockDevice(device),
            Content::Fifo => NodeKind::Fifo,
            Content::Socket => NodeKind::Socket,
            // A name that was looked up leads to what has it.
            Content::HardLink(_) | Content::Removed => return Ok(None),
        };
        Ok(Some(Stat {
            kind,
            metadata,
            link_target,
        }))
    }
}
