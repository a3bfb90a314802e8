//! Finding the template that a container's first start continues from.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use container_hypervisor::{HypervisorInfo, MachineConfig, MachineSource};
use container_model::ContainerConfig;
use container_state::{AppPaths, Bundle};
use container_templates::{Opened, TemplateError, TemplateStore};
use tokio::task::spawn_blocking;

use super::build::{Description, WantedTemplate, build};
use super::continuation::Continuation;
use super::disk::SpareDisk;
use super::key::template_key;
use crate::launch::{Limits, TemplateUse};
use crate::plan::{root_disk_format, template_request};
use crate::volumes::AttachedVolumes;

/// Host name in a template. A container gets its own when it continues from there.
const HOST_NAME: &str = "container";

/// What there is for a container.
pub(crate) enum Found {
    /// A template.
    Here(Box<Continuation>),
    /// None yet; one is worth having.
    Wanted(Box<WantedTemplate>),
    /// None, and there cannot be one.
    None,
}

/// The container that is started.
#[derive(Clone, Copy)]
pub(crate) struct Container<'a> {
    pub(crate) config: &'a Arc<ContainerConfig>,
    pub(crate) bundle: &'a Bundle,
    pub(crate) volumes: &'a AttachedVolumes,
    pub(crate) paths: &'a AppPaths,
    pub(crate) limits: Limits,
}

/// A template cannot be looked for.
#[derive(Debug, thiserror::Error)]
enum FindError {
    #[error("cannot look at {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Store(#[from] TemplateError),
}

/// Finds the template that `machine`, which is to come from `source`, can continue from, and has its disk take the place of the container's.
/// Nothing that fails here keeps the container from booting.
pub(crate) async fn find_template(
    container: Container<'_>,
    source: &dyn MachineSource,
    templates: &TemplateUse,
    machine: &MachineConfig,
) -> Found {
    let Some(store) = templates.store() else {
        return Found::None;
    };
    let found = look(container, source.info(), store, machine).await;
    let Found::Wanted(wanted) = found else {
        return found;
    };
    if !templates.is_forced() {
        return Found::Wanted(wanted);
    }
    match Box::pin(build(*wanted, source)).await {
        Ok(_) => look(container, source.info(), store, machine).await,
        Err(error) => {
            tracing::warn!(%error, "cannot build a template");
            Found::None
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
        return Found::None;
    };
    let Ok(Some(request)) = template_request(container.config, container.volumes, info, HOST_NAME) else {
        return Found::None;
    };
    let query = Query {
        bundle: container.bundle.clone(),
        machine: machine.clone(),
        description: Description {
            store: store.clone(),
            paths: container.paths.clone(),
            backend,
            root_disk: root_disk_format(container.config),
            request,
            container: Arc::clone(container.config),
            limits: container.limits,
        },
    };
    match spawn_blocking(move || query.answer()).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            tracing::warn!(%error, "booting without a look at the templates");
            Found::None
        }
        Err(_) => Found::None,
    }
}

struct Query {
    bundle: Bundle,
    machine: MachineConfig,
    description: Description,
}

impl Query {
    fn answer(self) -> Result<Found, FindError> {
        let Self {
            bundle,
            machine,
            description,
        } = self;
        let key = template_key(
            &description.backend,
            &machine,
            &description.root_disk,
            &description.request,
        )
        .map_err(|(path, source)| FindError::File { path, source })?;
        let template = match description.store.open(&key)? {
            Opened::Found(template) => template,
            absent => {
                if let Opened::Discarded { reason } = absent {
                    tracing::warn!(%key, reason, "a template was discarded");
                }
                return Ok(Found::Wanted(Box::new(WantedTemplate { key, description })));
            }
        };
        let own_disk = SpareDisk::exchange(&bundle, template.disk()).map_err(|source| FindError::File {
            path: template.disk().to_owned(),
            source,
        })?;
        Ok(Found::Here(Box::new(Continuation {
            key,
            template,
            store: description.store,
            own_disk,
        })))
    }
}
