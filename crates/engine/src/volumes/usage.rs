//! What volumes cost on the disk.

use crate::{Engine, EngineError, Usage, VolumeError};

impl Engine {
    /// What volumes cost; those that no container refers to are reclaimable.
    pub(crate) fn volume_usage(&self) -> Result<Usage, EngineError> {
        let listing = self.volumes.list().map_err(VolumeError::from)?;
        let users = self.volume_users()?;
        let mut usage = Usage::default();
        let volumes = listing.volumes.into_iter().map(|volume| volume.name);
        for name in volumes.chain(listing.damaged.into_iter().map(|volume| volume.name)) {
            let size_bytes = container_image::allocated_bytes(&self.volumes.directory(&name));
            let is_used = !users.of(&name).is_empty();
            usage.total += 1;
            usage.active += u64::from(is_used);
            usage.size_bytes += size_bytes;
            usage.reclaimable_bytes += if is_used { 0 } else { size_bytes };
        }
        Ok(usage)
    }
}
