//! What a container has in common with others before its first process runs.

use container_agent_api::v1::{CreateContainerRequest, Names};
use container_hypervisor::HypervisorInfo;
use container_model::{ContainerConfig, Mount};

use super::container_request;
use super::machine::needs_translation;
use super::mounts::MountPlanError;
use super::shares::has_shares;
use crate::volumes::AttachedVolumes;

/// Whether the container's machine can continue from a template: not where the host serves its devices with what it knows from the machine's boot on. A
/// file server knows nothing before the guest has mounted something, which the guest of a template never has.
pub(crate) fn can_continue(config: &ContainerConfig, volumes: &AttachedVolumes, info: &HypervisorInfo) -> bool {
    let can_share = info.templates_with_shares || !has_shares(config, &volumes.trees);
    can_share && !needs_translation(config, info)
}

/// The request that makes the container of a template from which this container can continue; `None` when there cannot be one: what is
/// mounted has to be there when the container is made, and belongs to one container.
///
/// # Errors
/// [`MountPlanError`] as for the container itself.
pub(crate) fn template_request(
    config: &ContainerConfig,
    volumes: &AttachedVolumes,
    info: &HypervisorInfo,
    hostname: &str,
) -> Result<Option<CreateContainerRequest>, MountPlanError> {
    let is_plain = config.mounts.iter().all(|mount| matches!(mount, Mount::Tmpfs(_)));
    if !is_plain || config.ssh || has_shares(config, &volumes.trees) || !can_continue(config, volumes, info) {
        return Ok(None);
    }
    Ok(Some(CreateContainerRequest {
        hostname: hostname.to_owned(),
        // Its own names come when it continues from there.
        names: Some(Names {
            keep_resolver: config.dns.disabled,
            ..Names::default()
        }),
        shares_owner: String::new(),
        ..container_request(config, volumes, info)?
    }))
}
