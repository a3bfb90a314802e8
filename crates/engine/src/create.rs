//! Making a container: a configuration, an empty writable disk, and nothing copied from the image.

use std::collections::BTreeSet;

use container_model::{ContainerConfig, ContainerId, ContainerImage, Mount, Resources, UnknownFields};
use container_oci::Platform;
use time::OffsetDateTime;

use crate::backend;
use crate::configure::machine::check_abilities;
use crate::configure::{ImageFacts, check_mounts, check_networking, check_request, configure};
use container_launcher::root_disk_format;
use container_state::{Bundle, make_root_disk};

use crate::error::RequestError;
use crate::kernel::usable_kernel;
use crate::settings::fill_in;
use crate::{Cause, ConfiguredEngine, CreateRequest, Engine, EngineError, ImageProgress, NetworkError, NewContainer};

/// Disks that the layers of an image may take; the lowest of more layers are merged into one. Each disk costs the start of a machine
/// some time.
const MAX_LAYER_DISKS: usize = 16;
/// Slots of the machine left for the writable disk and for volumes.
const RESERVED_DISK_SLOTS: usize = 9;
/// Disks that the layers of an image have on a machine with few slots: the merged layers, and their cover.
const MIN_LAYER_DISKS: usize = 2;

/// Disks that layers may take of a machine with so many slots.
pub(crate) fn layer_disks(disk_slots: usize) -> usize {
    let left = disk_slots.saturating_sub(RESERVED_DISK_SLOTS);
    left.clamp(MIN_LAYER_DISKS, MAX_LAYER_DISKS)
}

impl Engine {
    /// Takes the name of a container that is to be made, a random id by default: no other command can then make one of that
    /// name.
    ///
    /// # Errors
    /// [`EngineError::NameTaken`].
    pub fn reserve(&self, name: Option<ContainerId>) -> Result<NewContainer, EngineError> {
        let id = name.unwrap_or_else(ContainerId::random);
        Ok(NewContainer::new(self.containers.reserve(&id)?))
    }
}

impl ConfiguredEngine {
    /// Makes a container of a name that was taken for it, without starting it. Its image is pulled when it is not here, or not for the
    /// platform that the request names; `progress` is called for only then, and is dropped when the pull has ended.
    ///
    /// Dropping the future ends the work: what a pull has brought stays for the next one, and the container is undone with `new`.
    ///
    /// # Errors
    /// [`EngineError::UnusableImage`] and [`EngineError::Image`] when the image cannot be had, [`EngineError::Network`] and
    /// [`EngineError::Volume`] when a network or a volume cannot, [`EngineError::Request`] when the request contradicts itself.
    pub async fn create<P: ImageProgress>(
        &self,
        new: &mut NewContainer,
        mut request: CreateRequest,
        progress: impl FnOnce() -> P,
    ) -> Result<(), EngineError> {
        // Before the image, which may take long to come.
        check_request(&request)?;
        self.check_networks(&check_networking(&request.networking)?)?;
        let inherited_volumes = self.inherited_volumes(&request)?;
        check_mounts(&request, inherited_volumes.clone())?;
        let lease = self.ensure_image(&request, progress).await?;
        (new.is_temporary, new.has_ssh) = (request.auto_remove, request.ssh);
        if new.is_to_start {
            new.waiting_launcher = Some(self.spawn_launcher(new.id(), new.has_ssh)?);
        }
        fill_in(&mut request, &self.settings);
        request.kernel = request.kernel.as_deref().map(usable_kernel).transpose()?;
        let platform = request.platform.clone().unwrap_or_else(Platform::host);
        let machine = backend::detect(self.app_root(), backend::guest_architecture(&platform))
            .await?
            .info()
            .clone();
        check_abilities(&request.machine, &machine)?;
        let max_disks = layer_disks(machine.limits.disk_slots);
        let image = self.images().resolve(&request.image, &platform, max_disks).await?;
        let used_image = ContainerImage {
            reference: image.reference.clone(),
            descriptor: image.descriptor.with_name(&image.reference).into(),
            manifest_digest: image.manifest_descriptor.digest,
            layers: image.layers.iter().map(|disk| disk.layer).collect(),
            unknown: UnknownFields::new(),
        };
        let default_cpus = match request.cpus {
            Some(_) => Resources::DEFAULT_CPUS,
            None => machine.default_vcpu_count,
        };
        let facts = ImageFacts {
            default_cpus,
            image: used_image,
            platform: image.config.platform.clone(),
            inherited_volumes,
            defaults: &image.config.config,
        };
        let config = configure(&request, facts, new.id().clone(), OffsetDateTime::now_utc())?;
        let (count, maximum) = (config.networks.len(), machine.limits.frame_ports);
        if count > maximum {
            return Err(RequestError::TooManyNetworks { count, maximum }.into());
        }
        check_disk_slots(&config, machine.limits.disk_slots)?;
        make_writable_disk(new.guard.bundle(), &config)?;
        // None of the networks goes before the record names them.
        let held = self.networks.hold().map_err(NetworkError::from)?;
        self.check_networks(&config.networks)?;
        let volumes = self.prepare_volumes(&config)?;
        new.guard.record(&config)?;
        self.tell_of_container(&config, "create");
        new.recorded = Some((self.events.clone(), config.clone()));
        volumes.keep();
        drop(held);
        // From here on the record keeps the image and its disks.
        drop((lease, image));
        Ok(())
    }
}

/// Fails when a machine with so many slots has no room for the disks of all volumes, next to those of the image and the container.
fn check_disk_slots(config: &ContainerConfig, disk_slots: usize) -> Result<(), RequestError> {
    let names = config.mounts.iter().filter_map(|mount| match mount {
        Mount::Disk(disk) => Some(&disk.volume),
        _ => None,
    });
    let count = names.collect::<BTreeSet<_>>().len();
    let maximum = disk_slots.saturating_sub(config.image.layers.len() + 1);
    match count > maximum {
        true => Err(RequestError::TooManyVolumes { count, maximum }),
        false => Ok(()),
    }
}

/// Makes a container's own disk, empty, and notes that it is that.
pub(crate) fn make_writable_disk(bundle: &Bundle, config: &ContainerConfig) -> Result<(), EngineError> {
    let failed = |error| EngineError::Create(Cause::new(error));
    make_root_disk(&bundle.root_disk(), &root_disk_format(config)).map_err(failed)?;
    // Without the note the container starts more slowly, and that is all.
    let _ = bundle.note_untouched_disk();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_take_what_the_machine_s_slots_leave() {
        assert_eq!(layer_disks(250), MAX_LAYER_DISKS);
        assert_eq!(layer_disks(20), 11);
        assert_eq!(layer_disks(4), MIN_LAYER_DISKS);
    }
}
