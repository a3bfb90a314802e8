//! Finding the template that a start of a container continues from.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use container_agent_api::v1::CreateContainerRequest;
use container_hypervisor::{HypervisorInfo, MachineConfig, MachineSource};
use container_model::ContainerConfig;
use container_state::{AppPaths, Bundle};
use container_templates::{Opened, Template, TemplateError, TemplateStore};
use tokio::task::spawn_blocking;

use super::build::{Description, WantedTemplate, build};
use super::content::{BlankDisk, Content};
use super::continuation::Continuation;
use super::disk::SpareDisk;
use super::key::template_key;
use crate::launch::{Limits, TemplateUse};
use crate::plan::{can_continue, root_disk_format, template_request};
use crate::volumes::AttachedVolumes;

/// Host name in a template. A container gets its own when it continues from there.
const HOST_NAME: &str = "container";

/// What there is for a container.
#[derive(Default)]
pub(crate) struct Found {
    /// What its machine continues from; without it, the machine boots.
    pub(crate) continuation: Option<Box<Continuation>>,
    /// A template that is not here and would have been better.
    pub(crate) wanted: Option<Box<WantedTemplate>>,
}

/// The container that is started.
#[derive(Clone, Copy)]
pub(crate) struct Container<'a> {
    pub(crate) config: &'a Arc<ContainerConfig>,
    pub(crate) bundle: &'a Bundle,
    pub(crate) volumes: &'a AttachedVolumes,
    pub(crate) paths: &'a AppPaths,
    pub(crate) limits: Limits,
    /// Whether another empty disk can take the place of its own.
    pub(crate) is_new: bool,
}

/// A template cannot be looked for.
#[derive(Debug, thiserror::Error)]
enum FindError {
    #[error("cannot look at {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Store(#[from] TemplateError),
}

impl From<(PathBuf, io::Error)> for FindError {
    fn from((path, source): (PathBuf, io::Error)) -> Self {
        Self::File { path, source }
    }
}

/// Finds the template that `machine`, which is to come from `source`, can continue from: one with a container, whose disk takes the place of the container's
/// then, else one without. Nothing that fails here keeps the container from booting.
pub(crate) async fn find_template(
    container: Container<'_>,
    source: &dyn MachineSource,
    templates: &TemplateUse,
    machine: &MachineConfig,
) -> Found {
    let Some(store) = templates.store() else {
        return Found::default();
    };
    let found = look(container, source.info(), store, machine).await;
    let Found {
        wanted: Some(wanted), ..
    } = found
    else {
        return found;
    };
    if !templates.is_forced() {
        return Found {
            wanted: Some(wanted),
            ..found
        };
    }
    drop(found.continuation);
    match Box::pin(build(*wanted, source)).await {
        Ok(_) => look(container, source.info(), store, machine).await,
        Err(error) => {
            tracing::warn!(%error, "cannot build a template");
            Found::default()
        }
    }
}

async fn look(
    container: Container<'_>,
    info: &HypervisorInfo,
    store: &TemplateStore,
    machine: &MachineConfig,
) -> Found {
    let Some(backend) = info.template_identity.clone() else {
        return Found::default();
    };
    if !can_continue(container.config, container.volumes, info) {
        return Found::default();
    }
    let request = match container.is_new {
        true => template_request(container.config, container.volumes, info, HOST_NAME).unwrap_or_default(),
        false => None,
    };
    let query = Query {
        bundle: container.bundle.clone(),
        machine: machine.clone(),
        store: store.clone(),
        paths: container.paths.clone(),
        backend,
        container: Arc::clone(container.config),
        request,
        limits: container.limits,
    };
    match spawn_blocking(move || query.answer()).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            tracing::warn!(%error, "booting without a look at the templates");
            Found::default()
        }
        Err(_) => Found::default(),
    }
}

struct Query {
    bundle: Bundle,
    machine: MachineConfig,
    store: TemplateStore,
    paths: AppPaths,
    backend: String,
    container: Arc<ContainerConfig>,
    /// What makes the container of a template, if it can continue from one that has a container.
    request: Option<CreateContainerRequest>,
    limits: Limits,
}

impl Query {
    fn answer(mut self) -> Result<Found, FindError> {
        let mut wanted = None;
        if let Some(request) = self.request.take() {
            let (request, root_disk) = (Box::new(request), root_disk_format(&self.container));
            match self.open(Content::Container { request, root_disk })? {
                Answer::Template(template) => {
                    let own_disk = SpareDisk::exchange(&self.bundle, template.disk())
                        .map_err(|source| (template.disk().to_owned(), source))?;
                    return Ok(self.found(*template, Some(own_disk), None));
                }
                Answer::Wanted(absent) => wanted = Some(absent),
            }
        }
        let disks = BlankDisk::all_of(&self.machine.disks)?;
        match self.open(Content::Machine { disks })? {
            Answer::Template(template) => Ok(self.found(*template, None, wanted)),
            Answer::Wanted(absent) => Ok(Found {
                continuation: None,
                wanted: wanted.or(Some(absent)),
            }),
        }
    }

    /// The template of this content, or what is needed to build it.
    fn open(&self, content: Content) -> Result<Answer, FindError> {
        let key = template_key(&self.backend, &self.machine, &content)?;
        match self.store.open(&key)? {
            Opened::Found(template) => return Ok(Answer::Template(Box::new(template))),
            Opened::Discarded { reason } => tracing::warn!(%key, reason, "a template was discarded"),
            Opened::Absent => {}
        }
        let description = Description {
            store: self.store.clone(),
            paths: self.paths.clone(),
            backend: self.backend.clone(),
            container: Arc::clone(&self.container),
            content,
            has_shares: !self.machine.shares.is_empty(),
            limits: self.limits,
        };
        Ok(Answer::Wanted(Box::new(WantedTemplate { key, description })))
    }

    fn found(self, template: Template, own_disk: Option<SpareDisk>, wanted: Option<Box<WantedTemplate>>) -> Found {
        let continuation = Continuation {
            key: *template.key(),
            template,
            store: self.store,
            own_disk,
        };
        Found {
            continuation: Some(Box::new(continuation)),
            wanted,
        }
    }
}

/// Whether there is a template.
enum Answer {
    Template(Box<Template>),
    Wanted(Box<WantedTemplate>),
}
