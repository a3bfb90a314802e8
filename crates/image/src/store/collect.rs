//! Garbage collection: removes the blobs and disks that no name, no container and no operation needs.
//!
//! It may run while other operations do. First the gate is shut, so that no operation can begin to rely on a file that is
//! about to be removed; then the pins of running operations are read, then the names, then the containers. An operation drops
//! its pins only after it has written a name or a container's record, so what one step misses a later step finds. A
//! collection that is killed leaves a valid store, because each file is unneeded and leaves the store by a rename.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;

use container_model::Layer;
use container_oci::{Algorithm, Digest};

use super::in_use::ImagesInUse;
use super::mark::{Marker, Marks};
use super::{CatalogError, ImageStore, catalog};
use crate::content::{ContentError, ShutGate, Trash, entries, live_pins, sweep, sweep_downloads};
use crate::disk::{DiskError, find_disk};

/// How much is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectScope {
    /// What belongs to no image. Downloads that were interrupted stay for the next pull.
    Unreachable,
    /// Those as well, unless an operation is writing them.
    UnreachableAndDownloads,
}

/// What has been collected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// Blobs that are gone.
    pub blobs: BTreeSet<Digest>,
    /// Layer disks that are gone: diff ids, and chain ids of merged disks.
    pub disks: BTreeSet<Digest>,
    /// Bytes that the disk got back, unfinished files included.
    pub reclaimed_bytes: u64,
}

/// Why garbage could not be collected. What is needed is still there.
#[derive(Debug, thiserror::Error)]
pub enum CollectError<E: std::error::Error + 'static> {
    /// The names.
    #[error("cannot collect what is not needed: {0}")]
    Catalog(#[from] CatalogError),
    /// A file of the store.
    #[error("cannot collect what is not needed: {0}")]
    Content(#[from] ContentError),
    /// A disk's record.
    #[error("cannot collect what is not needed: {0}")]
    Disk(#[from] DiskError),
    /// What containers need is not known.
    #[error("cannot collect what is not needed: {0}")]
    InUse(#[source] E),
}

/// The names of what goes.
#[derive(Debug, Default)]
pub(super) struct Garbage {
    pub(super) files: Vec<PathBuf>,
    pub(super) blobs: BTreeSet<Digest>,
    pub(super) disks: BTreeSet<Digest>,
}

impl ImageStore {
    /// Removes unneeded blobs and disks, and what interrupted operations have left. Blocks for as long as the
    /// file system takes to give back the space.
    ///
    /// `in_use` tells what containers need. It is called while the gate is shut, so it must be quick. It must see a container
    /// before the container's [`super::Lease`] is dropped.
    ///
    /// # Errors
    /// [`CollectError`].
    pub fn collect_garbage<E: std::error::Error + 'static>(
        &self,
        scope: CollectScope,
        in_use: impl FnOnce() -> Result<ImagesInUse, E>,
    ) -> Result<Collected, CollectError<E>> {
        let paths = &self.paths;
        let trash = Trash::own(paths)?;
        let mut reclaimed_bytes = trash.empty()? + sweep(paths)?;
        if scope == CollectScope::UnreachableAndDownloads {
            reclaimed_bytes += sweep_downloads(paths)?;
        }
        // Most documents are read before the gate is shut.
        let mut marker = Marker::new(paths);
        mark_names(&mut marker, &mut Marks::default(), &catalog::read(paths)?)?;

        let gate = ShutGate::hold(paths)?;
        let mut marks = Marks::default();
        let pins = live_pins(paths)?;
        mark_names(&mut marker, &mut marks, &catalog::read(paths)?)?;
        let in_use = in_use().map_err(CollectError::InUse)?;
        let garbage = self.garbage(&marks, &pins, &in_use)?;
        for file in &garbage.files {
            trash.take(file)?;
        }
        drop(gate);

        reclaimed_bytes += trash.empty()?;
        Ok(Collected {
            blobs: garbage.blobs,
            disks: garbage.disks,
            reclaimed_bytes,
        })
    }

    /// The blobs and disks that are neither marked nor pinned nor in use nor kept by builds.
    pub(super) fn garbage(
        &self,
        marks: &Marks,
        pins: &BTreeSet<Digest>,
        in_use: &ImagesInUse,
    ) -> Result<Garbage, GarbageError> {
        let mut garbage = Garbage::default();
        let disks_in_use: BTreeSet<&Digest> = in_use.layers.iter().map(Layer::disk_id).collect();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            for file in entries(&self.paths.blob_dir(algorithm))? {
                let Some(digest) = digest_of(algorithm, file.file_name()) else {
                    continue;
                };
                if !marks.blobs.contains(&digest) && !pins.contains(&digest) && !in_use.cached.contains(&digest) {
                    garbage.files.push(file);
                    garbage.blobs.insert(digest);
                }
            }
        }
        for file in entries(&self.paths.layer_dir())? {
            let algorithms = [Algorithm::Sha256, Algorithm::Sha512];
            let Some(id) = algorithms
                .into_iter()
                .find_map(|algorithm| digest_of(algorithm, file.file_stem()))
            else {
                continue;
            };
            if pins.contains(&id) || disks_in_use.contains(&id) || in_use.cached.contains(&id) || in_use.has_unknown {
                continue;
            }
            // A disk of an older format would be made again; only a container that has it can still use it.
            if marks.disks.contains(&id) && find_disk(&self.paths, Layer::Untold { disk_id: id })?.is_some() {
                continue;
            }
            garbage.files.push(file);
            garbage.disks.insert(id);
        }
        // A record that goes without its disk would be written again; a disk without its record is no disk.
        garbage
            .files
            .sort_by_key(|file| file.extension() == Some(OsStr::new("json")));
        Ok(garbage)
    }
}

/// Why it cannot be told which files are unneeded.
#[derive(Debug, thiserror::Error)]
pub(super) enum GarbageError {
    #[error(transparent)]
    Content(#[from] ContentError),
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl<E: std::error::Error + 'static> From<GarbageError> for CollectError<E> {
    fn from(error: GarbageError) -> Self {
        match error {
            GarbageError::Content(error) => Self::Content(error),
            GarbageError::Disk(error) => Self::Disk(error),
        }
    }
}

/// Marks everything that has a name.
fn mark_names(marker: &mut Marker<'_>, marks: &mut Marks, catalog: &catalog::Catalog) -> Result<(), ContentError> {
    for entry in catalog.images.values() {
        marker.mark(marks, &entry.descriptor)?;
    }
    Ok(())
}

/// The digest after which a file is named.
pub(super) fn digest_of(algorithm: Algorithm, hex: Option<&OsStr>) -> Option<Digest> {
    let hex = hex?.to_str()?;
    format!("{}:{hex}", algorithm.name()).parse().ok()
}
