//! A volume as front ends see it.

use std::path::PathBuf;

use container_model::{ContainerId, VolumeConfig, VolumeName};
use container_state::VolumeUsers;

use crate::{Cause, Engine, VolumeError};

/// What a volume was asked to be, and the containers that refer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeView {
    /// What it was asked to be.
    pub config: VolumeConfig,
    /// The image of its disk, or the directory that machines share.
    pub source: PathBuf,
    /// The containers that refer to it, those that do not run included.
    pub containers: Vec<ContainerId>,
}

impl Engine {
    /// The image of a volume's disk, or the directory that machines share; whether the volume exists or not.
    #[must_use]
    pub fn volume_source(&self, name: &VolumeName) -> PathBuf {
        let data = self.volumes.data(name);
        match data.is_dir() {
            true => data,
            false => self.volumes.image(name),
        }
    }

    pub(super) fn volume_view(&self, config: VolumeConfig, users: &VolumeUsers) -> VolumeView {
        VolumeView {
            source: match config.is_shared() {
                true => self.volumes.data(&config.name),
                false => self.volumes.image(&config.name),
            },
            containers: users.of(&config.name).to_vec(),
            config,
        }
    }

    /// Which containers refer to which volumes, after those that are to be gone are.
    pub(crate) fn volume_users(&self) -> Result<VolumeUsers, VolumeError> {
        // Removes what dead launchers have left.
        self.containers
            .list()
            .map_err(|error| VolumeError::Records(Cause::new(error)))?;
        let users = self.containers.volume_users();
        users.map_err(|error| VolumeError::Records(Cause::new(error)))
    }
}
