//! The container as the guest's agent is asked to make it.

use container_agent_api::v1::{CreateContainerRequest, Mount};
use container_model::ContainerConfig;

use super::{ROOT_DISK_SERIAL, layer_serial};

/// The request that turns a machine into this container.
pub(crate) fn container_request(config: &ContainerConfig) -> CreateContainerRequest {
    let mount = |mount: &container_model::MountConfig| Mount {
        kind: mount.kind.clone(),
        source: mount.source.clone(),
        target: mount.destination.clone(),
        options: mount.options.clone(),
    };
    CreateContainerRequest {
        hostname: config.id.hostname().to_owned(),
        layer_disks: (0..config.image.layers.len()).map(layer_serial).collect(),
        writable_disk: ROOT_DISK_SERIAL.to_owned(),
        read_only_root: config.read_only,
        mounts: config.mounts.iter().map(mount).collect(),
        memory_limit_bytes: config.resources.memory_in_bytes,
        // The machine has as many processors as the container may use.
        cpu_quota_us: 0,
        shm_size_bytes: config.shm_size.unwrap_or_default(),
        sysctls: config.sysctls.clone().into_iter().collect(),
        masked_paths: config.masked_paths.clone(),
        readonly_paths: config.readonly_paths.clone(),
    }
}
