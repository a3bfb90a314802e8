//! Which containers refer to which volumes, those that do not run included.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use container_model::{ContainerConfig, ContainerId, Mount, VolumeName};

use crate::bundle::CONFIG_FILE;
use crate::{ListError, record};

/// Which containers refer to which volumes.
#[derive(Debug, Default)]
pub struct VolumeUsers {
    by_volume: BTreeMap<VolumeName, Vec<ContainerId>>,
    /// Containers whose records cannot be read, which may refer to any.
    pub unreadable: Vec<ContainerId>,
}

impl VolumeUsers {
    /// The containers that refer to a volume.
    #[must_use]
    pub fn of(&self, volume: &VolumeName) -> &[ContainerId] {
        self.by_volume.get(volume).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, config: &ContainerConfig) {
        for mount in &config.mounts {
            let Mount::Disk(disk) = mount else { continue };
            let users = self.by_volume.entry(disk.volume.clone()).or_default();
            if !users.contains(&config.id) {
                users.push(config.id.clone());
            }
        }
    }
}

/// Reads from the records below `containers`, as they are, which volumes they refer to. Nothing is repaired, so that this can be asked under
/// any lock.
///
/// # Errors
/// [`ListError`] when the directory of containers cannot be read.
pub(crate) fn volume_users(containers: &Path) -> Result<VolumeUsers, ListError> {
    let failed = |source| ListError {
        path: containers.to_owned(),
        source,
    };
    let mut users = VolumeUsers::default();
    let entries = match std::fs::read_dir(containers) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(users),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        // Names that begin with a point are no containers'.
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        match record::read_config(&entry.path().join(CONFIG_FILE)) {
            Ok(Some(config)) => users.add(&config),
            // Not finished, or deleted between the two looks.
            Ok(None) => {}
            Err(_) => users.unreadable.push(id),
        }
    }
    Ok(users)
}
