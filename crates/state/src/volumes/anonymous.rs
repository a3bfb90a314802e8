//! The end of anonymous volumes, which go with their container.

use std::path::PathBuf;

use container_model::{ContainerConfig, Mount, VolumeName};

use super::VolumeStore;
use crate::volume_users::volume_users;
use crate::{AppPaths, ListError};

/// Another container has come to use the volume, or may have.
#[derive(Debug, thiserror::Error)]
enum StillNeeded {
    #[error("another container uses it")]
    Used,
    #[error(transparent)]
    Unknown(#[from] ListError),
}

/// Deletes the anonymous volumes of a container that is gone, as far as nobody else refers to them. A volume that cannot be deleted stays
/// for `volume prune`, as it would if this process were killed now.
pub(crate) fn delete_anonymous_volumes(app_root: PathBuf, config: &ContainerConfig) {
    let names: Vec<&VolumeName> = config.mounts.iter().filter_map(anonymous).collect();
    if names.is_empty() {
        return;
    }
    let volumes = VolumeStore::below(&app_root);
    let containers = AppPaths::new(app_root.clone(), app_root).containers();
    for name in names {
        let check = || {
            let users = volume_users(&containers)?;
            match users.of(name).is_empty() && users.unreadable.is_empty() {
                true => Ok(()),
                false => Err(StillNeeded::Used),
            }
        };
        let _ = volumes.delete_if(name, check);
    }
}

fn anonymous(mount: &Mount) -> Option<&VolumeName> {
    match mount {
        Mount::Disk(disk) if disk.anonymous => Some(&disk.volume),
        _ => None,
    }
}
