//! Space on a disk that is completely full: taking a name away replaces a file, which needs a block first.

use super::collect::CollectError;
use super::in_use::ImagesInUse;
use super::mark::{Marker, Marks};
use super::{CatalogError, ImageStore, catalog};
use crate::content::{ContentError, ShutGate, live_pins, remove, sweep, sweep_downloads};

impl ImageStore {
    /// Gives back space without writing anything, and returns how many bytes: what [`ImageStore::collect_garbage`] takes,
    /// interrupted downloads, and the layer disks that no container and no operation uses. Those are made again from their
    /// blobs when they are needed.
    ///
    /// `in_use` tells what containers need; it is called while the gate is shut, so it must be quick.
    ///
    /// # Errors
    /// [`CollectError`].
    pub fn make_room<E: std::error::Error + 'static>(
        &self,
        in_use: impl FnOnce() -> Result<ImagesInUse, E>,
    ) -> Result<u64, CollectError<E>> {
        let paths = &self.paths;
        let mut freed_bytes = sweep(paths)? + sweep_downloads(paths)?;
        let _gate = ShutGate::hold(paths)?;
        let pins = live_pins(paths)?;
        let mut marker = Marker::new(paths);
        let mut marks = Marks::default();
        for entry in catalog::read(paths)?.images.values() {
            marker.mark(&mut marks, &entry.descriptor)?;
        }
        marks.disks.clear();
        let in_use = in_use().map_err(CollectError::InUse)?;
        for file in &self.garbage(&marks, &pins, &in_use)?.files {
            freed_bytes += remove(file);
        }
        Ok(freed_bytes)
    }
}

impl CatalogError {
    /// Whether the change failed because the disk is full.
    #[must_use]
    pub fn is_full_disk(&self) -> bool {
        matches!(self, Self::Content(ContentError::NoSpace { .. }))
    }
}

impl<E: std::error::Error + 'static> CollectError<E> {
    /// Whether a change of the names failed because the disk is full.
    #[must_use]
    pub fn is_full_disk(&self) -> bool {
        matches!(self, Self::Catalog(error) if error.is_full_disk())
    }
}
