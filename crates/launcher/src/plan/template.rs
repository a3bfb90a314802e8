//! What a container has in common with others of its image before its first process runs.

use container_agent_api::v1::{CreateContainerRequest, Names};
use container_hypervisor::HypervisorInfo;
use container_model::{ContainerConfig, Mount};

use super::container_request;
use super::machine::needs_translation;
use super::mounts::MountPlanError;
use crate::volumes::AttachedVolumes;

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
    let has_caches = config.build.as_ref().is_some_and(|build| !build.caches.is_empty());
    if !is_plain || has_caches || config.ssh || needs_translation(config, info) {
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
