//! The upper directory as a layer of an image (OCI image specification, "Image Layer Filesystem Changeset").

use std::io::Write;

use container_tar::Writer;

use crate::entry::{Entry, Part, Place};
use crate::error::RootError;
use crate::path::join;
use crate::tar_entry::TarEntries;
use crate::view::RootView;
use crate::walk::{Step, Walk};

/// What a layer's whiteouts start with. Files of such names cannot be in a layer.
const WHITEOUT_PREFIX: &[u8] = b".wh.";
/// Hides all that lower layers have in its directory.
const OPAQUE_NAME: &[u8] = b".wh..wh..opq";

impl RootView {
    /// Adds what the container has changed to a tar as a layer: all of the upper directory, directories before what is in them, names in the order of their bytes,
    /// so that equal disks give equal layers. The root is in it when its owner or mode is not that of the image's root.
    ///
    /// # Errors
    /// [`RootError::Tar`], [`RootError::TooDeep`], [`RootError::TooMuch`], or any about a disk.
    pub fn write_layer<W: Write>(&self, writer: &mut Writer<W>) -> Result<(), RootError> {
        let Some(upper) = self.upper() else {
            return Ok(());
        };
        let mut tar = TarEntries::new(self, writer);
        if self.has_changed_root()? {
            let root = self.entry_at(upper.place)?;
            tar.add(b".", &root)?;
        }
        let mut walk = Walk::new();
        walk.enter(&self.disks, upper.place, upper, self.disks.names(&[upper])?)?;
        while let Some(step) = walk.next()? {
            let (Step::Name(name), Some(directory)) = (step, walk.directory().copied()) else {
                continue;
            };
            let Some(inode) = self.disks.listing(directory.place)?.find(&name) else {
                continue;
            };
            let place = Place {
                inode,
                ..directory.place
            };
            let entry = self.entry_at(place)?;
            let path = walk.path();
            if self.disks.is_whiteout(directory, place, &entry.node)? {
                let parents = &path[..path.len() - name.len()];
                tar.add_mark(&[parents, WHITEOUT_PREFIX, &name].concat())?;
                continue;
            }
            if name.starts_with(WHITEOUT_PREFIX) {
                continue;
            }
            tar.add(path, &entry)?;
            let marks = self.disks.marks(place, &entry.node)?;
            if !entry.is_directory() {
                continue;
            }
            if marks.is_opaque {
                tar.add_mark(&join(path, OPAQUE_NAME))?;
            }
            let part = Part {
                place,
                has_marked_whiteouts: marks.has_marked_whiteouts,
            };
            walk.enter(&self.disks, place, part, self.disks.names(&[part])?)?;
        }
        Ok(())
    }

    /// Whether a layer of what the container has changed would have nothing in it.
    ///
    /// # Errors
    /// Any about a disk.
    pub fn is_layer_empty(&self) -> Result<bool, RootError> {
        match self.upper() {
            Some(upper) => Ok(self.disks.listing(upper.place)?.is_empty() && !self.has_changed_root()?),
            None => Ok(true),
        }
    }

    fn entry_at(&self, place: Place) -> Result<Entry, RootError> {
        Ok(Entry {
            node: self.disks.node(place)?,
            place,
            parts: Vec::new(),
            adopted: None,
        })
    }

    /// Whether owner or mode of the root are others than in the image.
    fn has_changed_root(&self) -> Result<bool, RootError> {
        let root = self.stack_root();
        let Some(below) = self.lower().first() else {
            return Ok(true);
        };
        let below = self.entry_at(below.place)?;
        let facts = |entry: &Entry| (entry.mode(), entry.uid(), entry.gid());
        Ok(facts(root) != facts(&below))
    }
}
