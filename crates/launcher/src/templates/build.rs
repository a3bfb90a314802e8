//! Building a template: a machine of its own boots, its agent makes the container if there is to be one, and it is saved before anything runs in it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use container_agent::AgentError;
use container_agent_api::{AGENT_TOKEN_BYTES, AgentToken};
use container_hypervisor::{CreateError, Disk, GuestMemory, Machine, MachineError, MachineSource};
use container_model::ContainerConfig;
use container_state::AppPaths;
use container_templates::{NewTemplate, PublishError, TemplateError, TemplateKey, TemplateStore};
use tokio::task::spawn_blocking;

use super::content::{Content, DisksError};
use super::parked::ParkedConsole;
use crate::failure::LifeError;
use crate::greet::{BootLimit, draw_token, draw_token_bytes, greet};
use crate::launch::Limits;
use crate::networks::{Lines, device_address};
use crate::plan::{Boot, MachinePlanError, machine_config};
use crate::switch_off::switch_off;
use crate::volumes::AttachedVolumes;

/// How long a machine is left alone before it is saved, so that what its kernel has put off (giving memory back, a further thread for work that waits) is
/// done once, and not by every machine that is restored.
const REST: Duration = Duration::from_millis(500);

/// A template that there is not.
#[derive(Debug)]
pub(crate) struct WantedTemplate {
    pub(super) key: TemplateKey,
    pub(super) description: Description,
}

/// What a template is made of.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) store: TemplateStore,
    pub(super) paths: AppPaths,
    /// What the backend says of itself.
    pub(super) backend: String,
    /// A container that could have continued from it. Nothing of it but what the key holds is in the template.
    pub(super) container: Arc<ContainerConfig>,
    pub(super) content: Content,
    /// Whether its machine has the device of shared directories.
    pub(super) has_shares: bool,
    pub(super) limits: Limits,
}

/// A template could not be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    #[error(transparent)]
    Store(#[from] TemplateError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(transparent)]
    Disks(#[from] DisksError),
    #[error("the backend is another one than when the template was wanted")]
    OtherBackend,
    #[error("cannot read the console of its machine: {0}")]
    Console(io::Error),
    #[error("its agent did not say that it is ready to be saved")]
    NotParked,
    #[error(transparent)]
    Plan(#[from] MachinePlanError),
    #[error(transparent)]
    Create(#[from] CreateError),
    #[error(transparent)]
    Life(#[from] LifeError),
    #[error(transparent)]
    Machine(#[from] MachineError),
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error("the backend cannot save its machines")]
    CannotSave,
    #[error("the launcher was interrupted")]
    Interrupted,
}

/// Builds a template with a machine from `source`; `false` when another process is building it.
pub(super) async fn build(wanted: WantedTemplate, source: &dyn MachineSource) -> Result<bool, BuildError> {
    let WantedTemplate { key, description } = wanted;
    if source.info().template_identity.as_deref() != Some(description.backend.as_str()) {
        return Err(BuildError::OtherBackend);
    }
    let limits = description.limits;
    let store = description.store.clone();
    let image = description.container.image.manifest_digest;
    let description = Arc::new(description);
    let described = Arc::clone(&description);
    let beginning = move || {
        let Some(new) = store.begin(&key, &image)? else {
            return Ok::<_, BuildError>(None);
        };
        let disks = described.content.make_disks(&new)?;
        Ok(Some((new, disks)))
    };
    let Some((new, disks)) = blocking(beginning).await? else {
        return Ok(false);
    };
    let (machine, token, mut console) = make(key, &description, source, &new, disks).await?;
    let saved = save(&machine, &token, &mut console, &description, &new).await;
    if saved.is_err() {
        for line in console.last_lines() {
            tracing::warn!(line, "the console of the template's machine");
        }
    }
    switch_off(&machine, &limits).await;
    drop(machine);
    let token = saved?;
    blocking(move || Ok(new.publish(token)?)).await?;
    Ok(true)
}

/// Makes the machine that is to be saved, with these disks if they are not those of the container.
async fn make(
    key: TemplateKey,
    description: &Description,
    source: &dyn MachineSource,
    new: &NewTemplate,
    disks: Option<Vec<Disk>>,
) -> Result<(Machine, AgentToken, ParkedConsole), BuildError> {
    let info = source.info();
    let token = draw_token()?;
    let config = &description.container;
    let (lines, frame_ports) = Lines::make(config.networks.len(), info.limits.frame_ports).map_err(LifeError::Lines)?;
    let (console, console_end) = ParkedConsole::begin().map_err(BuildError::Console)?;
    let mut machine = machine_config(
        config,
        &description.paths,
        &AttachedVolumes::default(),
        Boot {
            name: format!("template {key}"),
            root_disk: new.disk().to_owned(),
            info,
            kernel: source.kernel().to_owned(),
            initramfs: source.initramfs().to_owned(),
            console: console_end,
            token: &token,
            frame_ports,
            share_changes: None,
            memory: GuestMemory::Template {
                path: new.memory().to_owned(),
                for_shares: description.has_shares,
            },
        },
    )?;
    if let Some(disks) = disks {
        machine.disks = disks;
    }
    let machine = source.create(machine).await?;
    drop(lines);
    Ok((machine, token, console))
}

/// Boots the machine, has its agent make the container, if there is to be one, and forget its host, and saves it. Returns what the agent wants the next host to show.
async fn save(
    machine: &Machine,
    token: &AgentToken,
    console: &mut ParkedConsole,
    description: &Description,
    new: &NewTemplate,
) -> Result<[u8; AGENT_TOKEN_BYTES], BuildError> {
    let limit = BootLimit::begin(description.limits.boot);
    let next_token = draw_token_bytes()?;
    // The lines beyond those of its networks are spare.
    let device_addresses: Vec<_> = (0..description.container.networks.len()).map(device_address).collect();
    let parking = async {
        limit.bound(machine.start()).await??;
        let agent = greet(machine.agent_connector()?, token, limit).await?;
        if let Some(request) = description.content.request() {
            agent.create_container(request.clone()).await?;
        }
        agent.park(&AgentToken::new(next_token), &device_addresses).await?;
        match limit.bound(console.parked()).await? {
            true => {
                tokio::time::sleep(REST).await;
                Ok(())
            }
            false => Err(BuildError::NotParked),
        }
    };
    tokio::select! {
        parked = parking => parked?,
        exit = machine.wait() => return Err(LifeError::BootEnded { exit }.into()),
    }
    machine
        .as_template()
        .ok_or(BuildError::CannotSave)?
        .save(new.state())
        .await?;
    Ok(next_token)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BuildError> + Send + 'static,
) -> Result<T, BuildError> {
    spawn_blocking(work).await.unwrap_or(Err(BuildError::Interrupted))
}
