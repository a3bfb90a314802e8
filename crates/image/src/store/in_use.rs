//! What containers need of the store.

use std::collections::{BTreeMap, BTreeSet};

use container_model::Layer;
use container_oci::{Descriptor, Digest};

use super::mark::{Marker, Marks};
use crate::content::ContentError;

/// What containers, running or not, and builds need of the store. The caller fills this in, because the store knows neither.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImagesInUse {
    /// Indexes and manifests that containers were made from, and the names of those containers.
    pub images: BTreeMap<Digest, BTreeSet<String>>,
    /// What names the layer disks of containers in their records.
    pub layers: BTreeSet<Layer>,
    /// Blobs and layer disks that builds keep for later ones, by their digests.
    pub cached: BTreeSet<Digest>,
    /// Whether there is a container whose record cannot be read. No disk is collected then.
    pub has_unknown: bool,
}

impl ImagesInUse {
    /// The containers that were made from one of these.
    pub(super) fn containers(&self, images: &BTreeSet<Digest>) -> BTreeSet<String> {
        let of_image = |digest: &Digest| self.images.get(digest).into_iter().flatten().cloned();
        images.iter().flat_map(of_image).collect()
    }

    /// Whether a container was made from one of these.
    pub(super) fn has_any_of(&self, images: &BTreeSet<Digest>) -> bool {
        images.iter().any(|digest| self.images.contains_key(digest))
    }

    /// The used ones among an image and the images that it lists.
    pub(super) fn of(&self, marker: &mut Marker<'_>, image: &Descriptor) -> Result<BTreeSet<Digest>, ContentError> {
        if self.images.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut marks = Marks::default();
        marker.mark(&mut marks, image)?;
        let is_used = |digest: &&Digest| self.images.contains_key(*digest);
        Ok(marks.documents().iter().filter(is_used).copied().collect())
    }
}
