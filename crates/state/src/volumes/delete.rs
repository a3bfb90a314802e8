//! Removing a volume.

use container_durable::sync_dir;
use container_model::VolumeName;

use super::{DeleteVolumeError, TRASH_PREFIX, VolumePlaceError, VolumeStore, tree};

impl VolumeStore {
    /// Removes a volume with what is on it, if nothing speaks against it: `check` is asked while no record that refers to a volume can
    /// be written by those who [`VolumeStore::hold`] it.
    ///
    /// # Errors
    /// [`DeleteVolumeError::NotFound`], [`DeleteVolumeError::Used`], [`DeleteVolumeError::Refused`] with what `check` says.
    pub fn delete_if<E: std::error::Error + 'static>(
        &self,
        name: &VolumeName,
        check: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), DeleteVolumeError<E>> {
        let lock = self.lock_for_deletion()?;
        let path = self.directory(name);
        if !path.exists() {
            return Err(DeleteVolumeError::NotFound { name: name.clone() });
        }
        check().map_err(DeleteVolumeError::Refused)?;
        // Kept through the rename, after which no machine can take the disk.
        let Some(lease) = self.lease(name, true)? else {
            return Err(DeleteVolumeError::Used { name: name.clone() });
        };
        let trash = self.passing(TRASH_PREFIX);
        std::fs::rename(&path, &trash).map_err(|source| DeleteVolumeError::Remove {
            path: path.clone(),
            source,
        })?;
        sync_dir(&self.directory).map_err(VolumePlaceError::from)?;
        drop((lease, lock));
        // What stays is removed by the next deletion.
        let _ = tree::remove(&trash);
        Ok(())
    }
}
