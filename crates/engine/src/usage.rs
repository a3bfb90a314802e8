//! What everything costs on the disk.

mod build_cache;
mod each;
mod templates;

use crate::images::blocking;
use crate::{Engine, EngineError};
pub use each::{ContainerDiskUsage, ImageDiskUsage, UsageOfEach, VolumeDiskUsage};
pub use templates::TemplateDiskUsage;

/// What everything costs on the disk, and what could be had back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiskUsage {
    /// The image store.
    pub images: Usage,
    /// Containers; those that do not run are reclaimable.
    pub containers: Usage,
    /// Volumes; those that no container refers to are reclaimable.
    pub volumes: Usage,
    /// Templates; those from which no container is being started are reclaimable.
    pub templates: Usage,
    /// What builds keep for later ones, without what images need as well; what no build under way has is reclaimable.
    pub build_cache: Usage,
    /// Each of them.
    pub each: UsageOfEach,
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

impl Usage {
    /// Counts one more. Returns which of its bytes could be had back: none while it is in use.
    fn count(&mut self, size_bytes: u64, is_active: bool) -> u64 {
        let reclaimable_bytes = if is_active { 0 } else { size_bytes };
        self.total += 1;
        self.active += u64::from(is_active);
        self.size_bytes += size_bytes;
        self.reclaimable_bytes += reclaimable_bytes;
        reclaimable_bytes
    }
}

impl Engine {
    /// What images, containers, volumes, templates and the cache of builds cost on the disk, in allocated bytes: holes cost nothing.
    ///
    /// # Errors
    /// [`EngineError::List`], [`EngineError::Image`], [`EngineError::Volume`] and [`EngineError::Templates`] when something cannot be looked through.
    pub async fn disk_usage(&self) -> Result<DiskUsage, EngineError> {
        let engine = self.clone();
        blocking(move || engine.usage()).await
    }

    fn usage(&self) -> Result<DiskUsage, EngineError> {
        let mut usage = DiskUsage::default();
        let images = self.images_usage()?;
        usage.each.build_cache = self.usage_of_build_cache(&mut usage.build_cache, &images)?;
        usage.each.images = Self::usage_of_images(&mut usage.images, images);
        usage.each.containers = self.usage_of_containers(&mut usage.containers)?;
        usage.each.volumes = self.usage_of_volumes(&mut usage.volumes)?;
        usage.each.templates = self.usage_of_templates(&mut usage.templates)?;
        Ok(usage)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::CreateVolumeRequest;

    #[test]
    fn the_sums_are_those_of_each() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        for name in ["data", "idle"] {
            let request = CreateVolumeRequest {
                name: name.parse().unwrap(),
                labels: [].into(),
                options: [("size".to_owned(), "8m".to_owned())].into(),
            };
            engine.create_volume(request).unwrap();
        }
        let mount = json!([{ "kind": "disk", "volume": "data", "target": "/data" }]);
        engine.make_stopped(&"web".parse().unwrap(), mount);
        let (used, image) = engine.make_template("used");
        engine.make_template("idle");
        let _in_use = engine.templates.open(&used).unwrap();
        let damaged = engine.containers.bundle(&"damaged".parse().unwrap());
        std::fs::create_dir_all(damaged.directory()).unwrap();
        std::fs::write(damaged.config(), "{").unwrap();

        let DiskUsage {
            images,
            containers,
            volumes,
            templates,
            build_cache,
            each,
        } = engine.usage().unwrap();
        assert_eq!((images, each.images.len()), (Usage::default(), 0));
        assert_eq!((build_cache, each.build_cache.len()), (Usage::default(), 0));
        let [damaged, web] = each.containers.as_slice() else {
            panic!("{:?}", each.containers);
        };
        assert_eq!((damaged.label.as_str(), damaged.image.as_ref()), ("damaged", None));
        assert!(web.size_bytes > damaged.size_bytes && damaged.size_bytes > 0);
        assert_eq!((containers.total, containers.active), (2, 0));
        assert_eq!(containers.size_bytes, web.size_bytes + damaged.size_bytes);
        assert_eq!(containers.reclaimable_bytes, containers.size_bytes);

        let [data, idle] = each.volumes.as_slice() else {
            panic!("{:?}", each.volumes);
        };
        assert_eq!((data.containers, data.reclaimable_bytes), (1, 0));
        assert_eq!((idle.containers, idle.reclaimable_bytes), (0, idle.size_bytes));
        assert_eq!((volumes.total, volumes.active), (2, 1));
        assert_eq!(volumes.size_bytes, data.size_bytes + idle.size_bytes);
        assert_eq!(volumes.reclaimable_bytes, idle.size_bytes);

        let [idle, used] = each.templates.as_slice() else {
            panic!("{:?}", each.templates);
        };
        assert_eq!((used.image, used.reclaimable_bytes), (Some(image), 0));
        assert_eq!((idle.references.len(), idle.reclaimable_bytes), (0, idle.size_bytes));
        assert_eq!((templates.total, templates.active), (2, 1));
        assert_eq!(templates.size_bytes, used.size_bytes + idle.size_bytes);
        assert_eq!(templates.reclaimable_bytes, idle.size_bytes);
    }
}
