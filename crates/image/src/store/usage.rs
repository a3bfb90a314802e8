//! What the images cost on the disk, and what pruning would give back.

use std::collections::BTreeSet;
use std::path::Path;

use container_oci::Algorithm;

use super::collect::CollectError;
use super::in_use::ImagesInUse;
use super::mark::{Marker, Marks};
use super::{ImageStore, catalog};
use crate::content::{ContentError, OpenGate, abandoned_bytes, allocated_bytes, entries, live_pins};

/// What the images cost on the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImageUsage {
    /// Images, each counted once however many names it has.
    pub total: u64,
    /// Those that containers use.
    pub active: u64,
    /// Bytes of the disk that all content, layer disks and unfinished files take.
    pub size_bytes: u64,
    /// Those of them that pruning all unused images would give back.
    pub reclaimable_bytes: u64,
}

impl ImageStore {
    /// What the images cost on the disk. Looks at each file once, and reads the documents only.
    ///
    /// # Errors
    /// [`CollectError`] when the store cannot be looked through.
    pub fn usage<E: std::error::Error + 'static>(
        &self,
        in_use: impl FnOnce() -> Result<ImagesInUse, E>,
    ) -> Result<ImageUsage, CollectError<E>> {
        let _gate = OpenGate::hold(&self.paths)?;
        let pins = live_pins(&self.paths)?;
        let catalog = catalog::read(&self.paths)?;
        let in_use = in_use().map_err(CollectError::InUse)?;

        let mut marker = Marker::new(&self.paths);
        let (mut images, mut active, mut kept) = (BTreeSet::new(), BTreeSet::new(), Marks::default());
        for entry in catalog.images.values() {
            let digest = entry.descriptor.digest;
            images.insert(digest);
            let is_active = !in_use.of(&mut marker, &entry.descriptor)?.is_empty();
            if is_active {
                active.insert(digest);
            }
            if is_active || pins.contains(&digest) {
                marker.mark(&mut kept, &entry.descriptor)?;
            }
        }
        let garbage = self.garbage(&kept, &pins, &in_use)?;
        let reclaimable_bytes: u64 = garbage.files.iter().map(|file| allocated_bytes(file)).sum();
        let left_bytes = contents_bytes(&self.paths.trash_dir())? + abandoned_bytes(&self.paths)?;
        Ok(ImageUsage {
            total: images.len() as u64,
            active: active.len() as u64,
            size_bytes: self.size_bytes()?,
            reclaimable_bytes: reclaimable_bytes + left_bytes,
        })
    }

    fn size_bytes(&self) -> Result<u64, ContentError> {
        let dirs = [
            self.paths.blob_dir(Algorithm::Sha256),
            self.paths.blob_dir(Algorithm::Sha512),
            self.paths.layer_dir(),
            self.paths.ingest_dir(),
            self.paths.trash_dir(),
        ];
        dirs.iter().map(|dir| contents_bytes(dir)).sum()
    }
}

/// Bytes of what is in the directory, which need not be there.
fn contents_bytes(dir: &Path) -> Result<u64, ContentError> {
    if !dir.is_dir() {
        return Ok(0);
    }
    Ok(entries(dir)?.iter().map(|file| allocated_bytes(file)).sum())
}
