//! What containers need of the store.

use std::collections::BTreeSet;

use container_oci::{Descriptor, Digest};

use super::mark::{Marker, Marks};
use crate::content::ContentError;

/// What containers, running or not, need of the store. Who makes containers knows; the store only asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImagesInUse {
    /// Indexes and manifests that containers were made from.
    pub images: BTreeSet<Digest>,
    /// Layer disks that containers' records name: diff ids, and chain ids of merged disks.
    pub disks: BTreeSet<Digest>,
    /// Whether there is a container whose record cannot be read. No disk is removed then.
    pub has_unknown: bool,
}

impl ImagesInUse {
    /// The used ones among an image and the images that it lists.
    pub(super) fn of(&self, marker: &mut Marker<'_>, image: &Descriptor) -> Result<BTreeSet<Digest>, ContentError> {
        if self.images.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut marks = Marks::default();
        marker.mark(&mut marks, image)?;
        Ok(marks.documents().intersection(&self.images).copied().collect())
    }
}
