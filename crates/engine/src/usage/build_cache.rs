//! What the cache of builds costs on the disk.

use container_image::ImageUsage;

use super::Usage;
use crate::{BuildCacheKind, BuildCacheRecord, Engine, ImageError};

impl Engine {
    /// What each record costs, added to `all`. The bytes of what images need as well are theirs.
    pub(super) fn usage_of_build_cache(
        &self,
        all: &mut Usage,
        images: &ImageUsage,
    ) -> Result<Vec<BuildCacheRecord>, ImageError> {
        let records = self.build_cache_records(images)?;
        for record in &records {
            let own_bytes = match (record.kind, record.is_needed) {
                (BuildCacheKind::Layer, true) => 0,
                _ => record.size_bytes,
            };
            all.count(own_bytes, record.is_needed);
        }
        Ok(records)
    }
}
