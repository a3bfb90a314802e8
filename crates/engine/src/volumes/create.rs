//! `volume create`.

use std::collections::BTreeMap;

use container_model::VolumeName;
use container_state::{VolumeRequest, VolumeUsers};

use crate::{Engine, EngineError, VolumeError, VolumeView};

/// A volume to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateVolumeRequest {
    /// Its name.
    pub name: VolumeName,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Options: `size`, `journal`, `type`.
    pub options: BTreeMap<String, String>,
}

impl Engine {
    /// Makes a volume.
    ///
    /// # Errors
    /// [`VolumeError::Exists`], [`VolumeError::Option`].
    pub fn create_volume(&self, request: CreateVolumeRequest) -> Result<VolumeView, EngineError> {
        let CreateVolumeRequest { name, labels, options } = request;
        let request = VolumeRequest { name, labels, options };
        let made = self.volumes.create(&request);
        let config = made.map_err(|error| VolumeError::creating(request.name, error))?;
        self.tell_of_volume("create", &config.name);
        Ok(self.volume_view(config, &VolumeUsers::default()))
    }
}
