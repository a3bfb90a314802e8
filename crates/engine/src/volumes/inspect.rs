//! `volume inspect`.

use container_model::VolumeName;

use crate::{Engine, EngineError, VolumeError, VolumeView};

impl Engine {
    /// The volume of this name.
    ///
    /// # Errors
    /// [`VolumeError::NotFound`].
    pub fn volume(&self, name: &VolumeName) -> Result<VolumeView, EngineError> {
        let config = self.volumes.load(name).map_err(VolumeError::from)?;
        Ok(self.volume_view(config, &self.volume_users()?))
    }
}
