//! `volume list`.

use crate::{Engine, EngineError, VolumeError, VolumeView};

impl Engine {
    /// All volumes by name.
    ///
    /// # Errors
    /// [`EngineError::Volume`] when the records cannot be read at all; a single bad record is left out and logged.
    pub fn volumes(&self) -> Result<Vec<VolumeView>, EngineError> {
        let listing = self.volumes.list().map_err(VolumeError::from)?;
        for damaged in &listing.damaged {
            tracing::warn!(name = %damaged.name, error = %damaged.error, "the record of a volume cannot be read");
        }
        let users = self.volume_users()?;
        let volumes = listing.volumes.into_iter();
        Ok(volumes.map(|config| self.volume_view(config, &users)).collect())
    }
}
