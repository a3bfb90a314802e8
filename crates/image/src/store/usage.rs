//! What the images cost on the disk, all of them and each, and what pruning would give back.

mod each;
mod sizes;

use std::collections::{BTreeMap, BTreeSet};

use container_oci::{Digest, Reference};

use super::collect::{CollectError, GarbageError};
use super::in_use::ImagesInUse;
use super::mark::{Marker, Marks};
use super::{ImageStore, catalog};
use crate::content::{OpenGate, abandoned_bytes, live_pins};

pub use each::OneImageUsage;
use sizes::{FileSizes, contents_bytes};

/// What the images cost on the disk, in allocated bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageUsage {
    /// Images, each counted once however many names it has.
    pub total: u64,
    /// Those that containers use.
    pub active: u64,
    /// Bytes of the disk that all content, layer disks and unfinished files take, without what only builds keep.
    pub size_bytes: u64,
    /// Those of them that pruning all unused images would give back.
    pub reclaimable_bytes: u64,
    /// Each of them.
    pub each: Vec<OneImageUsage>,
    /// What builds keep for later ones, by the digests of blobs and layer disks.
    pub cached: BTreeMap<Digest, CachedUsage>,
}

/// What something costs that builds keep for later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachedUsage {
    /// Bytes of its file.
    pub size_bytes: u64,
    /// Whether an image, a container or an operation under way needs it as well.
    pub is_needed: bool,
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
        let mut images: BTreeMap<Digest, (Vec<Reference>, Marks)> = BTreeMap::new();
        for (reference, entry) in &catalog.images {
            let (references, marks) = images.entry(entry.descriptor.digest).or_default();
            if references.is_empty() {
                marker.mark(marks, &entry.descriptor)?;
            }
            references.push(reference.clone());
        }
        let (mut active, mut kept, mut named) = (0, Marks::default(), Marks::default());
        for (digest, (_, marks)) in &images {
            named.extend(marks);
            let is_active = in_use.has_any_of(marks.documents());
            active += u64::from(is_active);
            if is_active || pins.contains(digest) {
                kept.extend(marks);
            }
        }
        let files = FileSizes::read(&self.paths)?;
        let garbage = self.garbage(&kept, &pins, &in_use)?;
        let garbage_bytes: u64 = garbage.files.iter().map(|file| files.of(file)).sum();
        let trash_bytes = contents_bytes(&self.paths.trash_dir())?;
        let cached = self.cached(&files, &named, &pins, &in_use)?;
        let only_cached = cached.values().filter(|one| !one.is_needed);
        let only_cached_bytes: u64 = only_cached.map(|one| one.size_bytes).sum();
        let file_bytes = files.total_bytes().saturating_sub(only_cached_bytes);
        Ok(ImageUsage {
            total: images.len() as u64,
            active,
            size_bytes: file_bytes + trash_bytes + contents_bytes(&self.paths.ingest_dir())?,
            reclaimable_bytes: garbage_bytes + trash_bytes + abandoned_bytes(&self.paths)?,
            each: each::of(images, &files, &in_use),
            cached,
        })
    }

    /// What builds keep, and whether it would be garbage without them.
    fn cached(
        &self,
        files: &FileSizes,
        named: &Marks,
        pins: &BTreeSet<Digest>,
        in_use: &ImagesInUse,
    ) -> Result<BTreeMap<Digest, CachedUsage>, GarbageError> {
        let without_builds = ImagesInUse {
            cached: BTreeSet::new(),
            ..in_use.clone()
        };
        let garbage = self.garbage(named, pins, &without_builds)?;
        let usage = |digest: &Digest| {
            let sizes = [&files.blobs, &files.disks].map(|sizes| sizes.get(digest));
            let size_bytes = sizes.iter().flatten().copied().sum();
            let is_garbage = garbage.blobs.contains(digest) || garbage.disks.contains(digest);
            let is_there = sizes.iter().any(Option::is_some);
            is_there.then_some(CachedUsage {
                size_bytes,
                is_needed: !is_garbage,
            })
        };
        let found = in_use
            .cached
            .iter()
            .filter_map(|digest| Some((*digest, usage(digest)?)));
        Ok(found.collect())
    }
}
