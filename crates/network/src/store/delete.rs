//! Removing a network.

use std::convert::Infallible;

use container_durable::sync_dir;
use container_model::NetworkName;

use super::{DeleteNetworkError, NetworkStore, PlaceError, TRASH_PREFIX};

impl NetworkStore {
    /// Removes a network with its leases, if nothing speaks against it: `check` is asked while no record that refers to a network can
    /// be written by those who [`NetworkStore::hold`] it.
    ///
    /// # Errors
    /// [`DeleteNetworkError::NotFound`], [`DeleteNetworkError::Refused`] with what `check` says.
    pub fn delete_if<E: std::error::Error + 'static>(
        &self,
        name: &NetworkName,
        check: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), DeleteNetworkError<E>> {
        let _lock = self.lock_for_change()?;
        let path = self.directory(name);
        if !path.exists() {
            return Err(DeleteNetworkError::NotFound(self.not_found(name)));
        }
        check().map_err(DeleteNetworkError::Refused)?;
        let trash = self.passing(TRASH_PREFIX);
        std::fs::rename(&path, &trash).map_err(|source| DeleteNetworkError::Remove {
            path: path.clone(),
            source,
        })?;
        sync_dir(&self.directory).map_err(PlaceError::from)?;
        // What stays is removed by the next change.
        let _ = std::fs::remove_dir_all(trash);
        Ok(())
    }

    /// Removes a network with its leases.
    ///
    /// # Errors
    /// [`DeleteNetworkError::NotFound`].
    pub fn delete(&self, name: &NetworkName) -> Result<(), DeleteNetworkError<Infallible>> {
        self.delete_if(name, || Ok(()))
    }
}
