//! Copying a whole disk.

use std::io::{Seek, Write};

use super::Writer;
use super::frames::Frames;
use super::lay::Laid;
use crate::error::{ReadError, WriteError};
use crate::reader::{NodeKind, Reader};
use crate::tree::NodeId;

impl<W: Write + Seek> Writer<W> {
    /// Adds all that `disk` has, as it is: what overlayfs marked keeps its marks. Nothing may have been added before.
    ///
    /// Times but those of the last modification, numbers of inodes and flags are not kept.
    ///
    /// # Errors
    /// [`WriteError::Layer`] when the disk cannot be read or a directory on it has two names, or any about a limit.
    pub fn copy(&mut self, disk: &Reader) -> Result<(), WriteError> {
        let mut copied = Laid {
            keeps_marks: true,
            ..Laid::default()
        };
        let mut path = Vec::new();
        let root = disk.root()?;
        let metadata = self.metadata_of(disk, &root, b"/", true)?;
        self.tree.set_metadata(NodeId::ROOT, &metadata)?;
        self.tree.mark(NodeId::ROOT, false);
        let mut met = std::collections::HashSet::from([root.number()]);
        let mut open = Frames::new();
        open.enter(disk, &root, &path, NodeId::ROOT)?;
        while let Some(frame) = open.last_mut() {
            let Some(inode) = frame.next(&mut path) else {
                open.leave();
                continue;
            };
            let node = disk.node(inode)?;
            if node.kind() != NodeKind::Directory {
                self.lay_entry(disk, &path, (frame.target, frame.name()), (inode, &node), &mut copied)?;
                continue;
            }
            if !met.insert(inode) {
                let what = "a directory has a second name";
                return Err(ReadError::Damaged { what }.into());
            }
            let metadata = self.metadata_of(disk, &node, &path, true)?;
            let target = self.add_directory(frame.target, frame.name(), metadata)?;
            open.enter(disk, &node, &path, target)?;
        }
        self.last_parent = None;
        Ok(())
    }
}
