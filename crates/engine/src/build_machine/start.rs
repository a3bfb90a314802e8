//! From a request to a machine that is ready for its first step.

use std::collections::BTreeMap;

use container_durable::create_private_dir;
use container_launcher::control::ControlClient;
use container_model::{BuildMachine as BuildRecord, CacheDirectory, ContainerImage, Resources, UnknownFields};
use container_oci::{Descriptor, Digest, ProcessDefaults, media_type};
use time::OffsetDateTime;

use super::{Below, BuildCache, BuildMachine, BuildMachineRequest};
use crate::configure::{ImageFacts, check_networking, configure};
use crate::create::{layer_disks, make_writable_disk};
use crate::error::RequestError;
use crate::kernel::usable_kernel;
use crate::settings::fill_in;
use crate::{Cause, ConfiguredEngine, CreateRequest, EngineError, ImageError, NetworkError, backend};

/// What stands in the record where a container has the name of its image and its program.
const NAME: &str = "build";

impl ConfiguredEngine {
    /// Boots a machine. From its record on, its layers are not collected.
    ///
    /// # Errors
    /// [`EngineError::Image`] when a layer's disk cannot be made, [`EngineError::Network`] when a network cannot be had, [`EngineError::Request`] when the
    /// request cannot be met, and [`EngineError::Launch`] when the machine does not boot.
    pub async fn start_build_machine(&self, request: BuildMachineRequest) -> Result<BuildMachine, EngineError> {
        self.check_networks(&check_networking(&request.networking)?)?;
        let mut new = self.reserve(None)?;
        new.is_temporary = true;
        // It comes up meanwhile.
        new.waiting_launcher = Some(self.spawn_launcher(new.id(), false)?);
        let machine = backend::detect(self.app_root(), backend::guest_architecture(&request.platform)).await?;
        let machine = machine.info().clone();
        let layers: Vec<_> = request
            .layers
            .iter()
            .map(|layer| (layer.descriptor.clone(), layer.diff_id))
            .collect();
        let stack = self.images().stack(&layers, layer_disks(machine.limits.disk_slots));
        let stack = stack.await.map_err(ImageError::from)?;
        let top = layers.last().map_or(Digest::Sha256([0; 32]), |(_, diff_id)| *diff_id);
        let image = ContainerImage {
            reference: NAME.parse().map_err(|error| EngineError::Create(Cause::new(error)))?,
            descriptor: Descriptor::new(media_type::OCI_MANIFEST, top, 0).into(),
            manifest_digest: request.image.unwrap_or(top),
            layers: stack.disks.iter().map(|disk| disk.layer).collect(),
            unknown: UnknownFields::new(),
        };
        let facts = ImageFacts {
            default_cpus: match request.cpus {
                Some(_) => Resources::DEFAULT_CPUS,
                None => machine.default_vcpu_count,
            },
            image,
            platform: request.platform.clone(),
            inherited_volumes: Vec::new(),
            defaults: &ProcessDefaults::default(),
        };
        let is_of_image = request.image.is_some();
        let caches = request.caches.iter().map(prepare_cache).collect::<Result<_, _>>()?;
        let mut create = create_request(request)?;
        fill_in(&mut create, &self.settings);
        create.kernel = create.kernel.as_deref().map(usable_kernel).transpose()?;
        let mut config = configure(&create, facts, new.id().clone(), OffsetDateTime::now_utc())?;
        config.build = Some(BuildRecord {
            caches,
            unknown: UnknownFields::new(),
        });
        config.labels = BTreeMap::new();
        let (count, maximum) = (config.networks.len(), machine.limits.frame_ports);
        if count > maximum {
            return Err(RequestError::TooManyNetworks { count, maximum }.into());
        }
        make_writable_disk(new.guard.bundle(), &config)?;
        if !is_of_image {
            // Of such layers there is hardly another machine that would continue from a template with a container, and without this note none is wanted.
            new.guard.bundle().forget_untouched_disk();
        }
        let held = self.networks.hold().map_err(NetworkError::from)?;
        self.check_networks(&config.networks)?;
        new.guard.record(&config)?;
        drop(held);
        let below = match stack.disks.last() {
            Some(disk) => Below::Layer(disk.path.clone()),
            None => Below::Nothing,
        };
        // From here on the record keeps the disks.
        drop(stack);
        let root_disk = new.guard.bundle().root_disk();
        if let Err(error) = self.start_new(&mut new).await {
            new.undo().await;
            return Err(error);
        }
        let client: Option<ControlClient> = new.launcher.clone();
        Ok(BuildMachine {
            client: client.ok_or(EngineError::Lost)?,
            new,
            root_disk,
            below,
            next_tree: 1,
        })
    }
}

/// The machine as a container that is removed at its end.
fn create_request(request: BuildMachineRequest) -> Result<CreateRequest, EngineError> {
    let reference = NAME.parse().map_err(|error| EngineError::Create(Cause::new(error)))?;
    let mut create = CreateRequest::new(reference);
    create.arguments = vec![NAME.to_owned()];
    (create.cpus, create.memory) = (request.cpus, request.memory);
    (create.storage_size, create.shm_size) = (request.storage_size, request.shm_size);
    create.platform = Some(request.platform);
    create.networking = request.networking;
    create.networking.ports.clear();
    create.kernel = request.kernel;
    create.auto_remove = true;
    Ok(create)
}

/// Makes the directories of a cache unless they are there.
fn prepare_cache(cache: &BuildCache) -> Result<CacheDirectory, EngineError> {
    let failed = |error| EngineError::Create(Cause::new(error));
    let (data, owners) = (cache.directory.join("data"), cache.directory.join("owners"));
    for directory in [&cache.directory, &data, &owners] {
        create_private_dir(directory).map_err(failed)?;
    }
    Ok(CacheDirectory {
        data,
        owners,
        unknown: UnknownFields::new(),
    })
}
