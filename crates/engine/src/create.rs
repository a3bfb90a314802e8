//! Making a container: a configuration, an empty writable disk, and nothing copied from the image.

use std::fs::File;

use container_model::{ContainerConfig, ContainerId, ImageReference, PlatformConfig, Resources};
use container_oci::Platform;
use time::OffsetDateTime;

use crate::backend::Backend;
use crate::configure::{ImageFacts, configure};
use container_ext4::{FormatOptions, Timestamp};
use container_state::ROOT_DISK_FILE;

use crate::error::WritableDiskError;
use crate::settings::fill_in;
use crate::{CreateRequest, Engine, EngineError};

/// Apparent size of a container's writable disk, bytes. The file is sparse: it costs what the container writes.
const WRITABLE_DISK_BYTES: u64 = 64 << 30;

/// Disks that the layers of an image may take; the lowest of more layers are merged into one. Each disk costs the start of a machine some time.
const MAX_LAYER_DISKS: usize = 16;
/// Slots of the machine left for the writable disk and for volumes.
const RESERVED_DISK_SLOTS: usize = 9;

impl Engine {
    /// Makes a container without starting it.
    ///
    /// # Errors
    /// [`EngineError::Resolve`] when the image is not in the store, [`EngineError::State`] when the name is taken,
    /// [`EngineError::Request`] when the request contradicts itself. Nothing is left behind.
    pub async fn create(&self, mut request: CreateRequest) -> Result<ContainerId, EngineError> {
        fill_in(&mut request, &self.settings);
        let platform = request.platform.clone().unwrap_or_else(Platform::host);
        let machine = Backend::new(self.app_root()).detect().await?.info().clone();
        let max_disks = MAX_LAYER_DISKS.min(machine.disk_slots.saturating_sub(RESERVED_DISK_SLOTS));
        let image = self.images().resolve(&request.image, &platform, max_disks).await?;
        let reference = ImageReference {
            reference: image.reference.to_string(),
            descriptor: serde_json::to_value(&image.descriptor).unwrap_or_default(),
            manifest_digest: image.manifest_descriptor.digest.to_string(),
            layers: image.layers.iter().map(|layer| layer.id.to_string()).collect(),
        };
        let default_cpus = match request.cpus {
            Some(_) => Resources::DEFAULT_CPUS,
            None => machine.default_vcpu_count,
        };
        let facts = ImageFacts {
            default_cpus,
            reference,
            platform: PlatformConfig {
                os: image.config.platform.os.clone(),
                architecture: image.config.platform.architecture.clone(),
                variant: image.config.platform.variant.clone(),
            },
            defaults: &image.config.config,
        };
        let id = request.name.clone().unwrap_or_else(ContainerId::random);
        let config = configure(&request, facts, id.clone(), OffsetDateTime::now_utc())?;
        self.record(&config)?;
        // From here on the record keeps the image's disks.
        drop(image);
        Ok(id)
    }

    /// Makes the container's directory with everything in it, visible whole or not at all.
    fn record(&self, config: &ContainerConfig) -> Result<(), EngineError> {
        self.containers.create(config, |directory| {
            let path = directory.join(ROOT_DISK_FILE);
            let failed = |source| WritableDiskError {
                path: path.clone(),
                source,
            };
            let mut file = File::create_new(&path).map_err(|source| failed(source.into()))?;
            let made = config.creation_date;
            let options = FormatOptions {
                size_bytes: WRITABLE_DISK_BYTES,
                uuid: uuid::Uuid::new_v4().into_bytes(),
                label: "container".to_owned(),
                made: Timestamp {
                    seconds: made.unix_timestamp(),
                    nanoseconds: made.nanosecond(),
                },
                root: (0o755, 0, 0),
                // The guest makes them otherwise, while the container waits.
                directories: ["upper", "work"].map(str::to_owned).to_vec(),
                // A container that is removed at its end never needs its disk after a crash.
                journal: !config.options.auto_remove,
            };
            container_ext4::format_writable(&mut file, &options)
                .map(drop)
                .map_err(failed)
        })?;
        Ok(())
    }
}
