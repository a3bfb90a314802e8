//! The container as the guest's agent is asked to make it.

use container_agent_api::v1::{CreateContainerRequest, Device};
use container_hypervisor::{HypervisorInfo, SHARES_TAG, TRANSLATOR_TAG};
use container_model::{ContainerConfig, DeviceNode};

use super::control_files::control_files;
use super::machine::needs_translation;
use super::mounts::{MountPlanError, mounts};
use super::{ROOT_DISK_SERIAL, has_shares, layer_serial};
use crate::volumes::AttachedVolumes;

/// The request that turns a machine into this container.
///
/// # Errors
/// [`MountPlanError`] when the container has a mount that this version cannot make.
pub(crate) fn container_request(
    config: &ContainerConfig,
    volumes: &AttachedVolumes,
    info: &HypervisorInfo,
) -> Result<CreateContainerRequest, MountPlanError> {
    let security = &config.security;
    Ok(CreateContainerRequest {
        hostname: config.hostname().to_owned(),
        steps: config.build.is_some(),
        control_files: control_files(config),
        devices: security.devices.iter().map(device).collect(),
        privileged: security.privileged,
        // Set when the container's networks are known.
        names: None,
        layer_disks: (0..config.image.layers.len()).map(layer_serial).collect(),
        writable_disk: ROOT_DISK_SERIAL.to_owned(),
        read_only_root: security.read_only_root,
        mounts: mounts(config, volumes)?,
        memory_limit_bytes: config.resources.memory_bytes,
        // The machine has as many processors as the container may use.
        cpu_quota_us: 0,
        shm_size_bytes: config.resources.shm_size_bytes.unwrap_or_default(),
        sysctls: config.sysctls.clone().into_iter().collect(),
        masked_paths: security.masked_paths.clone(),
        readonly_paths: security.readonly_paths.clone(),
        shares_tag: match has_shares(config, &volumes.trees) {
            true => SHARES_TAG.to_owned(),
            false => String::new(),
        },
        shares_owner: config.process.user.to_agent_text(),
        translator_tag: if needs_translation(config, info) {
            TRANSLATOR_TAG.to_owned()
        } else {
            String::new()
        },
    })
}

fn device(node: &DeviceNode) -> Device {
    Device {
        path: node.path.clone(),
        target: node.target.clone(),
        access: node.access.clone(),
    }
}
