//! The disks that a container that does not run would have.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use container_model::VolumeName;
use container_rootfs::RootView;
use container_state::{VolumeLease, VolumeStore};

use super::super::disk_paths::DiskPaths;
use super::error::StoppedError;

/// The disks of a container, those of volumes as long as they are leased.
pub(super) struct Disks {
    paths: DiskPaths,
    leases: BTreeMap<VolumeName, VolumeLease>,
    /// The stack, once it has been opened.
    view: Option<Arc<RootView>>,
}

impl Disks {
    pub(super) fn new(paths: DiskPaths) -> Self {
        Self {
            paths,
            leases: BTreeMap::new(),
            view: None,
        }
    }

    /// The root with its volumes, which nobody else writes to as long as this value lives.
    pub(super) fn view(&mut self) -> Result<Arc<RootView>, StoppedError> {
        if let Some(view) = &self.view {
            return Ok(Arc::clone(view));
        }
        for mount in self.paths.mounts() {
            if !self.leases.contains_key(&mount.volume) {
                let lease = lease(self.paths.volumes(), &mount.volume, false)?;
                self.leases.insert(mount.volume.clone(), lease);
            }
        }
        let view = self.paths.open()?;
        Ok(Arc::clone(self.view.insert(Arc::new(view))))
    }

    /// Has the disks opened anew for the next view: one of them was, or may have been, written to.
    pub(super) fn reopen(&mut self) {
        self.view = None;
    }

    /// Takes the volume that is mounted at `target` alone, and returns the path of its disk. Who has read it before has to read it again.
    pub(super) fn take_to_write(&mut self, target: &[u8]) -> Result<PathBuf, StoppedError> {
        let mut mounts = self.paths.mounts().iter().rev();
        let mount = mounts
            .find(|mount| mount.target.as_bytes() == target)
            .ok_or_else(|| StoppedError::NoVolume {
                target: String::from_utf8_lossy(target).into_owned(),
            })?;
        let name = mount.volume.clone();
        if mount.read_only {
            return Err(StoppedError::ReadOnlyVolume { name });
        }
        // Who shares a lock cannot take it alone.
        self.leases.remove(&name);
        let lease = lease(self.paths.volumes(), &name, true)?;
        self.reopen();
        let image = self.paths.volumes().image(&name);
        self.leases.insert(name, lease);
        Ok(image)
    }
}

fn lease(volumes: &VolumeStore, name: &VolumeName, is_writable: bool) -> Result<VolumeLease, StoppedError> {
    volumes
        .lease(name, is_writable)?
        .ok_or_else(|| StoppedError::InUse { name: name.clone() })
}
