//! What an archive turns out to hold.

use container_oci::{Descriptor, Digest, ImageConfig, Manifest, Platform, Reference};

use super::{ArchiveError, name};

/// An image of an archive, all of whose content is there and right.
#[derive(Debug, Clone)]
pub(crate) struct ArchiveImage {
    /// Its name.
    pub(crate) reference: Reference,
    /// What the name points at: an index or a manifest.
    pub(crate) descriptor: Descriptor,
    /// What the complete images are for: one, or those of the index.
    pub(crate) platforms: Vec<Platform>,
    /// Every blob that belongs to it, children before parents.
    pub(crate) parts: Vec<Digest>,
    /// Layers of the images for the machine that was asked for, with their diff ids.
    pub(crate) layers: Vec<(Descriptor, Digest)>,
}

impl ArchiveImage {
    /// Takes the name away that the archive gives it.
    pub(crate) fn drop_name(&mut self) -> Result<(), ArchiveError> {
        self.reference = name::untagged(&self.descriptor.digest)?;
        Ok(())
    }
}

/// Layers and diff ids of an image for `platform`, if that is `machine` and all its layers are here.
pub(super) fn layers_for(
    machine: &Platform,
    platform: &Platform,
    manifest: &Manifest,
    config: &ImageConfig,
    is_here: impl Fn(&Digest) -> bool,
) -> Vec<(Descriptor, Digest)> {
    if !machine.is_same_machine(platform) || !manifest.layers.iter().all(|layer| is_here(&layer.digest)) {
        return Vec::new();
    }
    let pairs = manifest.layers.iter().zip(config.diff_ids());
    pairs.map(|(layer, diff_id)| (layer.clone(), *diff_id)).collect()
}
