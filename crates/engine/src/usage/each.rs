//! What each image, container, volume and template costs on the disk.

use container_image::{ImageUsage, allocated_bytes};
use container_model::{ContainerId, VolumeName};
use container_oci::{Digest, Reference};

use super::{TemplateDiskUsage, Usage};
use crate::{BuildCacheRecord, ContainerView, Engine, EngineError, VolumeError};

/// What each image, container, volume and template costs on the disk, in allocated bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageOfEach {
    /// By digest.
    pub images: Vec<ImageDiskUsage>,
    /// By id.
    pub containers: Vec<ContainerDiskUsage>,
    /// By name.
    pub volumes: Vec<VolumeDiskUsage>,
    /// Those used longest ago first.
    pub templates: Vec<TemplateDiskUsage>,
    /// Those used longest ago first.
    pub build_cache: Vec<BuildCacheRecord>,
}

/// What an image costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDiskUsage {
    /// Its names.
    pub references: Vec<Reference>,
    /// What they point at.
    pub digest: Digest,
    /// Bytes of its content and its layer disks.
    pub size_bytes: u64,
    /// Those of them that no other image needs.
    pub own_bytes: u64,
    /// How many containers were made from it.
    pub containers: u64,
    /// Bytes that deleting it would give back.
    pub reclaimable_bytes: u64,
}

/// What a container costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerDiskUsage {
    /// Its id.
    pub id: ContainerId,
    /// The image that it was made from; `None` when its record cannot be read.
    pub image: Option<String>,
    /// `running`, `stopped` and the like, or `damaged`.
    pub label: String,
    /// Bytes of its writable disk, its logs and its records.
    pub size_bytes: u64,
    /// Bytes that deleting it would give back; 0 while it runs.
    pub reclaimable_bytes: u64,
}

/// What a volume costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeDiskUsage {
    /// Its name.
    pub name: VolumeName,
    /// How many containers refer to it.
    pub containers: u64,
    /// Bytes of its disk and its record.
    pub size_bytes: u64,
    /// Bytes that deleting it would give back; 0 while a container refers to it.
    pub reclaimable_bytes: u64,
}

impl Engine {
    /// What each image costs, and all of them with what belongs to none.
    pub(super) fn usage_of_images(all: &mut Usage, usage: ImageUsage) -> Vec<ImageDiskUsage> {
        *all = Usage {
            total: usage.total,
            active: usage.active,
            size_bytes: usage.size_bytes,
            reclaimable_bytes: usage.reclaimable_bytes,
        };
        let each = usage.each.into_iter().map(|image| ImageDiskUsage {
            reclaimable_bytes: if image.containers.is_empty() {
                image.own_bytes
            } else {
                0
            },
            references: image.references,
            digest: image.digest,
            size_bytes: image.size_bytes,
            own_bytes: image.own_bytes,
            containers: image.containers.len() as u64,
        });
        each.collect()
    }

    /// What each container costs, added to `all`. One that runs is in use.
    pub(super) fn usage_of_containers(&self, all: &mut Usage) -> Result<Vec<ContainerDiskUsage>, EngineError> {
        let listing = self.containers.list()?;
        let mut each = Vec::with_capacity(listing.containers.len() + listing.damaged.len());
        for container in listing.containers {
            let view = ContainerView::from(container);
            let size_bytes = self.container_disk_bytes(view.id());
            each.push(ContainerDiskUsage {
                image: Some(view.config.image.reference.to_string()),
                label: view.label().to_owned(),
                size_bytes,
                reclaimable_bytes: all.count(size_bytes, view.is_live()),
                id: view.config.id,
            });
        }
        for damaged in listing.damaged {
            let size_bytes = self.container_disk_bytes(&damaged.id);
            each.push(ContainerDiskUsage {
                id: damaged.id,
                image: None,
                label: "damaged".to_owned(),
                size_bytes,
                reclaimable_bytes: all.count(size_bytes, false),
            });
        }
        each.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        Ok(each)
    }

    /// What a container takes on the disk, allocated bytes: its writable disk, its logs and its records.
    #[must_use]
    pub fn container_disk_bytes(&self, id: &ContainerId) -> u64 {
        allocated_bytes(self.containers.bundle(id).directory())
    }

    /// What each volume costs, added to `all`. One that a container refers to is in use.
    pub(crate) fn usage_of_volumes(&self, all: &mut Usage) -> Result<Vec<VolumeDiskUsage>, EngineError> {
        let listing = self.volumes.list().map_err(VolumeError::from)?;
        let users = self.volume_users()?;
        let volumes = listing.volumes.into_iter().map(|volume| volume.name);
        let names = volumes.chain(listing.damaged.into_iter().map(|volume| volume.name));
        let each = names.map(|name| {
            let size_bytes = allocated_bytes(&self.volumes.directory(&name));
            let containers = users.of(&name).len() as u64;
            VolumeDiskUsage {
                containers,
                size_bytes,
                reclaimable_bytes: all.count(size_bytes, containers > 0),
                name,
            }
        });
        Ok(each.collect())
    }
}
