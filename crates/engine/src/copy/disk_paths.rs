//! Where the disks of a container are.

use std::fs::File;
use std::path::PathBuf;

use container_model::{ContainerConfig, DiskMount, Mount as ConfiguredMount};
use container_rootfs::{Mount, RootError, RootView};
use container_state::{AppPaths, Bundle, VolumeStore};

/// The disks that a container would have, or has.
pub(super) struct DiskPaths {
    root_disk: PathBuf,
    layers: Vec<PathBuf>,
    mounts: Vec<DiskMount>,
    volumes: VolumeStore,
}

/// Why they could not be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenDisksError {
    #[error(transparent)]
    Root(#[from] RootError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl DiskPaths {
    pub(super) fn new(bundle: &Bundle, config: ContainerConfig, paths: &AppPaths, volumes: &VolumeStore) -> Self {
        let layers = config.image.layers.iter();
        let layers = layers.map(|layer| paths.layer_disk(layer));
        let mounts = config.mounts.iter().filter_map(|mount| match mount {
            ConfiguredMount::Disk(disk) => Some(disk.clone()),
            _ => None,
        });
        // A volume that machines share is a directory of the host.
        let mut mounts: Vec<DiskMount> = mounts.filter(|mount| volumes.image(&mount.volume).exists()).collect();
        // What is mounted below something else comes after it.
        mounts.sort_by_key(|mount| mount.target.split('/').filter(|name| !name.is_empty()).count());
        Self {
            root_disk: bundle.root_disk(),
            layers: layers.collect(),
            mounts,
            volumes: volumes.clone(),
        }
    }

    /// Its volumes that are disks.
    pub(super) fn mounts(&self) -> &[DiskMount] {
        &self.mounts
    }

    /// The store that they are in.
    pub(super) fn volumes(&self) -> &VolumeStore {
        &self.volumes
    }

    /// Opens the root with its volumes. Who does it sees to it that nobody writes to them.
    pub(super) fn open(&self) -> Result<RootView, OpenDisksError> {
        let layers = self.layers.iter().map(File::open).collect::<Result<Vec<_>, _>>()?;
        let mut mounts = Vec::with_capacity(self.mounts.len());
        for mount in &self.mounts {
            mounts.push(Mount {
                path: mount.target.clone().into_bytes(),
                disk: File::open(self.volumes.image(&mount.volume))?,
                subpath: mount.subpath.clone().unwrap_or_default().into_bytes(),
            });
        }
        Ok(RootView::open(layers, Some(File::open(&self.root_disk)?), mounts)?)
    }
}
