//! Volumes that several running containers write to: directories of the host, shared with their machines.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use container_agent_api::v1;
use container_model::{ContainerConfig, VolumeName};
use container_state::{FillingError, VolumeFilling, VolumeStore};
use tokio::task::spawn_blocking;

use super::{AttachedVolumes, POLL, VolumesError, volume_mounts};

/// A volume of type shared as the machine gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VolumeTree {
    pub(crate) name: VolumeName,
    /// What it is called among the machine's shares.
    pub(crate) share: String,
    pub(crate) data: PathBuf,
    /// Where the file server keeps the owners of what can have no extended attribute.
    pub(crate) owners: PathBuf,
    pub(crate) is_writable: bool,
    /// Whether the container fills it if it is empty.
    pub(crate) wants_image: bool,
}

impl VolumeTree {
    pub(super) fn new(store: &VolumeStore, config: &ContainerConfig, name: &VolumeName, index: usize) -> Self {
        let mounts = || volume_mounts(config).filter(|mount| mount.volume == *name);
        let wants_image = mounts().any(|mount| !mount.no_copy && mount.subpath.is_none());
        let data = store.data(name);
        // One that is only read has to be written to once when it may get what the image has; the guest alone keeps its container from it then.
        let is_writable = mounts().any(|mount| !mount.read_only) || (wants_image && !has_content(store, name, &data));
        Self {
            name: name.clone(),
            share: format!("volume-{index}"),
            data,
            owners: store.owners(name),
            is_writable,
            wants_image: wants_image && is_writable,
        }
    }
}

/// Whether something is in the volume that is there to stay.
fn has_content(store: &VolumeStore, name: &VolumeName, data: &Path) -> bool {
    let is_empty = std::fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_none());
    !is_empty && !store.is_being_filled(name)
}

/// The first content of a container's volumes, being seen to.
#[derive(Debug, Default)]
pub(crate) struct Fillings(Vec<(String, VolumeFilling)>);

impl AttachedVolumes {
    /// Begins to see to the first content of the volumes, while no program of the container has them. Waits for others that are at it.
    pub(crate) async fn begin_filling(&self, store: &VolumeStore) -> Result<Fillings, VolumesError> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let mut trees: Vec<&VolumeTree> = self.trees.iter().collect();
        // In the same order everywhere, so that no two wait for each other.
        trees.sort_by_key(|tree| &tree.name);
        let mut fillings = Fillings::default();
        for tree in trees {
            let filling = loop {
                let (store, name, wants_image) = (store.clone(), tree.name.clone(), tree.wants_image);
                // It may have much to remove that a killed machine has copied.
                let begun = spawn_blocking(move || store.begin_filling(&name, wants_image)).await;
                match begun.map_err(|_| VolumesError::Interrupted)?? {
                    Some(filling) => break filling,
                    None => tokio::time::sleep(POLL).await,
                }
            };
            fillings.0.push((tree.share.clone(), filling));
        }
        Ok(fillings)
    }
}

impl Fillings {
    /// Has nothing copied where something is.
    pub(crate) fn spare_filled(&self, mounts: &mut [v1::Mount]) {
        for share in mounts.iter_mut().filter_map(|mount| mount.share.as_mut()) {
            let filling = self.0.iter().find(|(name, _)| *name == share.name);
            share.copy_image &= filling.is_some_and(|(_, filling)| filling.needs_image());
        }
    }

    /// The copies are complete, and the container's programs may run.
    pub(crate) async fn complete(self, volumes: &AttachedVolumes) -> Result<(), VolumesError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let complete = || {
            let uses = self.0.into_iter().map(|(_, filling)| filling.complete());
            uses.collect::<Result<Vec<_>, FillingError>>()
        };
        let uses = spawn_blocking(complete)
            .await
            .map_err(|_| VolumesError::Interrupted)??;
        *volumes.uses.lock().unwrap_or_else(PoisonError::into_inner) = uses;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use container_state::{AppPaths, VolumeRequest};

    use super::*;

    #[tokio::test]
    async fn a_container_waits_for_the_one_that_fills_its_volume_and_copies_nothing_then() {
        let root = tempfile::tempdir().unwrap();
        let store = VolumeStore::new(&AppPaths::new(root.path(), root.path().join("run")));
        let mut request = VolumeRequest::new("data".parse().unwrap());
        request.options.insert("type".to_owned(), "shared".to_owned());
        let name = store.create(&request).unwrap().name;
        let attached = || AttachedVolumes {
            trees: vec![VolumeTree {
                name: name.clone(),
                share: "volume-0".to_owned(),
                data: store.data(&name),
                owners: store.owners(&name),
                is_writable: true,
                wants_image: true,
            }],
            ..AttachedVolumes::default()
        };
        let copies = |fillings: &Fillings| {
            let share = v1::ShareMount {
                name: "volume-0".to_owned(),
                copy_image: true,
                ..v1::ShareMount::default()
            };
            let mut mounts = [v1::Mount {
                share: Some(share),
                ..v1::Mount::default()
            }];
            fillings.spare_filled(&mut mounts);
            mounts[0].share.as_ref().unwrap().copy_image
        };
        let (first, second) = (attached(), attached());
        let filling = first.begin_filling(&store).await.unwrap();
        assert!(copies(&filling));
        let waiting = second.begin_filling(&store);
        tokio::pin!(waiting);
        let early = tokio::time::timeout(Duration::from_millis(100), &mut waiting).await;
        assert!(early.is_err(), "{early:?}");
        std::fs::write(store.data(&name).join("file"), "").unwrap();
        filling.complete(&first).await.unwrap();
        let filling = waiting.await.unwrap();
        assert!(!copies(&filling));
        filling.complete(&second).await.unwrap();
        assert_eq!(second.uses.lock().unwrap().len(), 1);
    }
}
