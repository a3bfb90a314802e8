//! What everything costs on the disk.

use crate::images::blocking;
use crate::{ContainerView, Engine, EngineError, ImageError};

/// What everything costs on the disk, and what could be had back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskUsage {
    /// The image store.
    pub images: Usage,
    /// Containers; those that do not run are reclaimable.
    pub containers: Usage,
    /// Volumes; those that no container refers to are reclaimable.
    pub volumes: Usage,
}

/// What things of one kind cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many there are.
    pub total: u64,
    /// How many of them are in use.
    pub active: u64,
    /// Bytes of the disk that they take.
    pub size_bytes: u64,
    /// Bytes that those not in use take.
    pub reclaimable_bytes: u64,
}

impl Engine {
    /// What images, containers and volumes cost on the disk, in allocated bytes: holes cost nothing.
    ///
    /// # Errors
    /// [`EngineError::List`], [`EngineError::Image`] and [`EngineError::Volume`] when something cannot be looked through.
    pub async fn disk_usage(&self) -> Result<DiskUsage, EngineError> {
        let engine = self.clone();
        blocking(move || {
            Ok(DiskUsage {
                images: engine.image_usage()?,
                containers: engine.container_usage()?,
                volumes: engine.volume_usage()?,
            })
        })
        .await
    }

    fn image_usage(&self) -> Result<Usage, ImageError> {
        let usage = self.images().usage(|| self.images_in_use())?;
        Ok(Usage {
            total: usage.total,
            active: usage.active,
            size_bytes: usage.size_bytes,
            reclaimable_bytes: usage.reclaimable_bytes,
        })
    }

    fn container_usage(&self) -> Result<Usage, EngineError> {
        let listing = self.containers.list()?;
        let mut usage = Usage::default();
        let mut add = |size_bytes: u64, is_live: bool| {
            usage.total += 1;
            usage.active += u64::from(is_live);
            usage.size_bytes += size_bytes;
            usage.reclaimable_bytes += if is_live { 0 } else { size_bytes };
        };
        for container in listing.containers {
            let size_bytes = container_image::allocated_bytes(container.bundle.directory());
            add(size_bytes, ContainerView::from(container).is_live());
        }
        for damaged in &listing.damaged {
            let bundle = self.containers.bundle(&damaged.id);
            add(container_image::allocated_bytes(bundle.directory()), false);
        }
        Ok(usage)
    }
}
