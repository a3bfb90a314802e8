//! What an archive turns out to hold.

use container_oci::{Descriptor, ImageConfig, Manifest, Reference};

/// An image of an archive, all of whose content is there and right.
#[derive(Debug)]
pub(crate) struct ArchiveImage {
    /// Its name.
    pub(crate) reference: Reference,
    /// What the name points at: an index or a manifest.
    pub(crate) descriptor: Descriptor,
    /// The complete images: one, or those of the index.
    pub(crate) variants: Vec<(Descriptor, Manifest, ImageConfig)>,
}
