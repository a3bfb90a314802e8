//! `volume prune`.

use container_model::VolumeName;

use crate::{Engine, EngineError, VolumeError};

/// What pruning volumes has done.
#[derive(Debug, Default)]
pub struct PrunedVolumes {
    /// Volumes that are gone.
    pub deleted: Vec<VolumeName>,
    /// Bytes of the disk that they took.
    pub reclaimed_bytes: u64,
    /// Volumes that no container uses and that could not be deleted, and why.
    pub failed: Vec<(VolumeName, EngineError)>,
}

/// Which volumes without a container go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumePruneScope {
    /// Those that nobody gave a name, which were made for a container.
    Anonymous,
    /// All of them.
    All,
}

impl Engine {
    /// Deletes the volumes in `scope` that no container refers to, with what is on them.
    ///
    /// # Errors
    /// [`EngineError::Volume`] when the volumes cannot be listed.
    pub fn prune_volumes(&self, scope: VolumePruneScope) -> Result<PrunedVolumes, EngineError> {
        let mut pruned = PrunedVolumes::default();
        let unused = self
            .volumes()?
            .into_iter()
            .filter(|volume| scope == VolumePruneScope::All || volume.config.is_anonymous())
            .filter(|volume| volume.containers.is_empty());
        for name in unused.map(|volume| volume.config.name) {
            let size_bytes = container_image::allocated_bytes(&self.volumes.directory(&name));
            match self.delete_volume(&name) {
                Ok(()) => {
                    pruned.reclaimed_bytes += size_bytes;
                    pruned.deleted.push(name);
                }
                // Another command may have been faster.
                Err(EngineError::Volume(VolumeError::InUse { .. } | VolumeError::NotFound(_))) => {}
                Err(error) => pruned.failed.push((name, error)),
            }
        }
        Ok(pruned)
    }
}
