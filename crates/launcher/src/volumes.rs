//! A container's volumes, which its launcher holds for as long as it lives: disks, and trees that several machines share.
//!
//! A volume that the container only reads is shared with other readers, except where its disk has to be written to once: an empty one
//! that is to get what the image has, or one whose machine was killed, whose journal has to be replayed. The machine has such a disk
//! writable, and the guest alone keeps the container from writing.

mod tree;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use container_ext4::{MountState, ReadError, mount_state};
use container_model::{ContainerConfig, ContainerId, DiskMount, Mount, Standing, VolumeName};
use container_state::{AppPaths, ContainerStore, FillingError, LeaseError, VolumeLease, VolumeStore, VolumeUse};

pub(crate) use tree::VolumeTree;

/// How long a disk is waited for that no container is known to have: that of a machine which is just ending.
const RELEASE_LIMIT: Duration = Duration::from_secs(2);
/// Between two looks at it.
const POLL: Duration = Duration::from_millis(20);

/// The disk of a volume as the machine gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VolumeDisk {
    pub(crate) name: VolumeName,
    pub(crate) image: PathBuf,
    pub(crate) is_writable: bool,
}

/// A container's volumes, each once. Nobody else has the disks, and nobody deletes any, until this is dropped.
#[derive(Debug, Default)]
pub(crate) struct AttachedVolumes {
    pub(crate) disks: Vec<VolumeDisk>,
    pub(crate) trees: Vec<VolumeTree>,
    leases: Vec<VolumeLease>,
    /// The trees that the container's programs have.
    uses: Mutex<Vec<VolumeUse>>,
}

impl AttachedVolumes {
    /// Whether the container has none.
    pub(crate) fn is_empty(&self) -> bool {
        self.leases.is_empty()
    }

    /// Whether something on them may have to reach the disk when the machine is taken down, although the container is removed then.
    pub(crate) fn outlive(&self, config: &ContainerConfig) -> bool {
        let is_kept =
            |disk: &VolumeDisk| volume_mounts(config).any(|mount| mount.volume == disk.name && !mount.anonymous);
        self.disks.iter().any(|disk| disk.is_writable && is_kept(disk))
    }
}

/// A volume's disk cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VolumesError {
    #[error(
        "volume {name} is in use by container {holder}: a volume can be written to by one running container only, or be read by several; several write to one that was made with \"container volume create --opt type=shared\""
    )]
    InUse { name: VolumeName, holder: ContainerId },
    #[error("volume {name} is in use: a volume can be written to by one running container only, or be read by several")]
    Busy { name: VolumeName },
    #[error(transparent)]
    Lease(#[from] LeaseError),
    #[error("the launcher was interrupted")]
    Interrupted,
    #[error(transparent)]
    Filling(#[from] FillingError),
    #[error("cannot use volume {name}: {source}")]
    Image { name: VolumeName, source: ReadError },
}

impl VolumesError {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::InUse { holder, .. } => format!("container stop {holder}"),
            Self::Lease(LeaseError::NotFound { name }) => format!("container volume create {name}"),
            _ => String::new(),
        }
    }
}

/// Takes all volumes that the container mounts. This blocks.
pub(crate) fn attach(paths: &AppPaths, config: &ContainerConfig) -> Result<AttachedVolumes, VolumesError> {
    let mut attached = AttachedVolumes::default();
    let store = VolumeStore::new(paths);
    let mut names: Vec<&VolumeName> = Vec::new();
    for mount in volume_mounts(config) {
        if !names.contains(&&mount.volume) {
            names.push(&mount.volume);
        }
    }
    for name in names {
        // A volume without a record that can be read is a disk if it has one.
        let is_shared = store.load(name).is_ok_and(|volume| volume.is_shared());
        let lease = if is_shared {
            let lease = wait_for(paths, &store, config, name, false)?;
            attached
                .trees
                .push(VolumeTree::new(&store, config, name, attached.trees.len()));
            lease
        } else {
            let (is_writable, lease) = take(paths, &store, config, name)?;
            attached.disks.push(VolumeDisk {
                name: name.clone(),
                image: store.image(name),
                is_writable,
            });
            lease
        };
        attached.leases.push(lease);
    }
    Ok(attached)
}

fn volume_mounts(config: &ContainerConfig) -> impl Iterator<Item = &DiskMount> {
    config.mounts.iter().filter_map(|mount| match mount {
        Mount::Disk(disk) => Some(disk),
        _ => None,
    })
}

/// Takes one disk; whether it is taken to be written to.
fn take(
    paths: &AppPaths,
    store: &VolumeStore,
    config: &ContainerConfig,
    name: &VolumeName,
) -> Result<(bool, VolumeLease), VolumesError> {
    let mut mounts = volume_mounts(config).filter(|mount| mount.volume == *name);
    if mounts.any(|mount| !mount.read_only) {
        return Ok((true, wait_for(paths, store, config, name, true)?));
    }
    let lease = wait_for(paths, store, config, name, false)?;
    // Nobody writes to it while it is shared.
    let state = File::open(store.image(name))
        .map_err(ReadError::from)
        .and_then(|image| mount_state(&image));
    let state = state.map_err(|source| VolumesError::Image {
        name: name.clone(),
        source,
    })?;
    if !has_to_be_written(state, config, name) {
        return Ok((false, lease));
    }
    drop(lease);
    Ok((true, wait_for(paths, store, config, name, true)?))
}

/// Whether the guest has to write to a disk that is only read.
fn has_to_be_written(state: MountState, config: &ContainerConfig, name: &VolumeName) -> bool {
    let mut mounts = volume_mounts(config).filter(|mount| mount.volume == *name);
    state.needs_recovery || (!state.was_mounted && mounts.any(|mount| !mount.no_copy))
}

fn wait_for(
    paths: &AppPaths,
    store: &VolumeStore,
    config: &ContainerConfig,
    name: &VolumeName,
    is_writable: bool,
) -> Result<VolumeLease, VolumesError> {
    let deadline = Instant::now() + RELEASE_LIMIT;
    loop {
        if let Some(lease) = store.lease(name, is_writable)? {
            return Ok(lease);
        }
        if let Some(holder) = holder(paths, config, name) {
            let name = name.clone();
            return Err(VolumesError::InUse { name, holder });
        }
        if Instant::now() > deadline {
            return Err(VolumesError::Busy { name: name.clone() });
        }
        std::thread::sleep(POLL);
    }
}

/// Another container that runs and has the volume.
fn holder(paths: &AppPaths, config: &ContainerConfig, name: &VolumeName) -> Option<ContainerId> {
    let containers = ContainerStore::new(paths.clone()).list().ok()?.containers;
    let mut others = containers.into_iter().filter(|other| other.config.id != config.id);
    let found = others.find(|other| {
        other.standing == Standing::Live && volume_mounts(&other.config).any(|mount| mount.volume == *name)
    });
    found.map(|found| found.config.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_state::VolumeRequest;

    fn container(id: &str, mounts: &serde_json::Value) -> ContainerConfig {
        let record = include_str!("../../model/tests/version1/made/config.json");
        let mut fields: container_model::UnknownFields = serde_json::from_str(record).unwrap();
        fields.remove("version");
        let mut config: ContainerConfig =
            serde_json::from_value(container_model::upgrade_config(1, fields).unwrap().into()).unwrap();
        config.id = id.parse().unwrap();
        config.mounts = serde_json::from_value(mounts.clone()).unwrap();
        config
    }

    fn mount(read_only: bool, no_copy: bool) -> serde_json::Value {
        serde_json::json!({
            "kind": "disk", "volume": "data", "target": "/d", "readOnly": read_only, "noCopy": no_copy,
        })
    }

    fn root() -> (tempfile::TempDir, AppPaths) {
        let root = tempfile::tempdir().unwrap();
        let paths = AppPaths::new(root.path(), root.path().join("run"));
        paths.prepare().unwrap();
        let mut request = VolumeRequest::new("data".parse().unwrap());
        request.options.insert("size".to_owned(), "8m".to_owned());
        VolumeStore::new(&paths).create(&request).unwrap();
        (root, paths)
    }

    #[test]
    fn readers_share_a_disk_and_a_writer_has_it_alone() {
        let (_root, paths) = root();
        let reader = container("reader", &[mount(true, true)].into_iter().collect());
        let first = attach(&paths, &reader).unwrap();
        let second = attach(&paths, &reader).unwrap();
        assert!(!first.disks[0].is_writable);
        drop((first, second));
        let writer = container(
            "writer",
            &[mount(true, true), mount(false, false)].into_iter().collect(),
        );
        let attached = attach(&paths, &writer).unwrap();
        assert_eq!((attached.disks.len(), attached.disks[0].is_writable), (1, true));
        assert!(attached.outlive(&writer));
        let busy = attach(&paths, &reader).unwrap_err();
        assert!(busy.to_string().contains("volume data is in use"), "{busy}");
    }

    #[test]
    fn a_disk_that_has_to_be_written_to_once_is_not_shared() {
        let (_root, paths) = root();
        let name = "data".parse().unwrap();
        let reader = container("reader", &[mount(true, false)].into_iter().collect());
        assert!(attach(&paths, &reader).unwrap().disks[0].is_writable);
        let state = |was_mounted, needs_recovery| MountState {
            was_mounted,
            needs_recovery,
        };
        assert!(!has_to_be_written(state(true, false), &reader, &name));
        assert!(has_to_be_written(state(true, true), &reader, &name));
    }

    #[test]
    fn a_missing_volume_is_named() {
        let (_root, paths) = root();
        let mut other = mount(false, false);
        other["volume"] = "lost".into();
        let error = attach(&paths, &container("web", &[other].into_iter().collect())).unwrap_err();
        assert_eq!(error.to_string(), "volume \"lost\" not found");
    }
}
