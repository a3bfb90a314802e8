//! The volumes of a new container.

use container_model::{ContainerConfig, DiskMount, Mount, VolumeName};
use container_state::{HeldVolumes, VolumeRequest};

use crate::configure::inherited;
use crate::{CreateRequest, Engine, EngineError, VolumeError};

/// The volumes of a container that is being made. Those of its own go again unless its record names them.
pub(crate) struct PreparedVolumes<'a> {
    engine: &'a Engine,
    /// None is deleted before the record names them.
    held: Option<HeldVolumes>,
    own: Vec<VolumeName>,
}

impl Engine {
    /// The volumes of the containers that the request names with `--volumes-from`.
    pub(crate) fn inherited_volumes(&self, request: &CreateRequest) -> Result<Vec<DiskMount>, EngineError> {
        let mut mounts = Vec::new();
        for from in &request.volumes_from {
            let other = self.load(&self.find(&from.container)?)?;
            mounts.extend(inherited(&other.config.mounts, from.read_only));
        }
        Ok(mounts)
    }

    /// Makes the container's volumes, as far as they are not there.
    pub(crate) fn prepare_volumes(&self, config: &ContainerConfig) -> Result<PreparedVolumes<'_>, VolumeError> {
        let mut prepared = PreparedVolumes {
            engine: self,
            held: None,
            own: Vec::new(),
        };
        for mount in &config.mounts {
            let Mount::Disk(disk) = mount else { continue };
            let mut request = match disk.anonymous {
                true => VolumeRequest::anonymous(),
                false => VolumeRequest::new(disk.volume.clone()),
            };
            request.name = disk.volume.clone();
            let held = match &prepared.held {
                Some(held) => held,
                // Containers without volumes need no directory of them.
                None => prepared.held.insert(self.volumes.hold().map_err(VolumeError::from)?),
            };
            let made = held.ensure(&request);
            let (_, is_new) = made.map_err(|error| VolumeError::creating(disk.volume.clone(), error))?;
            if is_new {
                tracing::info!(name = %disk.volume, "made a volume");
                self.tell_of_volume("create", &disk.volume);
            }
            if is_new && disk.anonymous {
                prepared.own.push(disk.volume.clone());
            }
        }
        Ok(prepared)
    }
}

impl PreparedVolumes<'_> {
    /// The record names them.
    pub(crate) fn keep(mut self) {
        self.own.clear();
    }
}

impl Drop for PreparedVolumes<'_> {
    fn drop(&mut self) {
        self.held = None;
        for name in &self.own {
            // What stays is removed by `volume prune`.
            let _ = self.engine.delete_volume(name);
        }
    }
}
