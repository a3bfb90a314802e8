//! Whether an image is still here.

use container_oci::Digest;

use super::ImageStore;
use crate::content::has_blob;

impl ImageStore {
    /// Whether the manifest, or whatever else has this digest, is in the store.
    #[must_use]
    pub fn has(&self, digest: &Digest) -> bool {
        has_blob(&self.paths, digest)
    }
}
