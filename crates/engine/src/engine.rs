//! The engine itself: where everything lives.

use std::path::Path;
use std::sync::Arc;

use container_credentials::{LoginStore, system_keyring};
use container_image::ImageStore;
use container_launcher::control::{self, ControlClient};
use container_model::ContainerId;
use container_registry::Registries;
use container_settings::Settings;
use container_state::{AppPaths, Bundle, ContainerStore};

use crate::registries::registries;
use crate::{ContainerView, EngineError, settings};

/// The verbs of a container's life on one app root.
#[derive(Clone)]
pub struct Engine {
    pub(crate) paths: AppPaths,
    pub(crate) containers: ContainerStore,
    pub(crate) settings: Arc<Settings>,
    pub(crate) registries: Registries,
    pub(crate) logins: LoginStore,
    images: ImageStore,
}

impl Engine {
    /// The engine of the app root that the environment names, with the settings of this user.
    ///
    /// # Errors
    /// [`EngineError::Paths`] when its directories cannot be made, [`EngineError::Settings`] when the settings are wrong.
    pub fn open() -> Result<Self, EngineError> {
        let settings = settings::load()?;
        let paths = AppPaths::from_environment()?;
        paths.prepare()?;
        let images = ImageStore::open(paths.root())?;
        let logins = LoginStore::new(paths.root(), system_keyring());
        Ok(Self {
            containers: ContainerStore::new(paths.clone()),
            registries: registries(&settings, &logins),
            logins,
            settings: Arc::new(settings),
            images,
            paths,
        })
    }

    /// The image store.
    #[must_use]
    pub fn images(&self) -> &ImageStore {
        &self.images
    }

    /// Where all state lives.
    #[must_use]
    pub fn app_root(&self) -> &Path {
        self.paths.root()
    }

    /// The files of a container.
    pub(crate) fn bundle(&self, id: &ContainerId) -> Result<Bundle, EngineError> {
        self.find(id.as_str())?;
        Ok(self.containers.bundle(id))
    }

    /// A client of the launcher that owns the container.
    pub(crate) async fn running_client(
        &self,
        id: &ContainerId,
        verb: &'static str,
    ) -> Result<ControlClient, EngineError> {
        let view = self.find(id.as_str())?;
        if !view.is_live() {
            return Err(phase_error(verb, &view));
        }
        match control::connect(&self.paths, id).await {
            Ok(client) => Ok(client),
            // It may have ended between the two looks; then the record says so now.
            Err(source) => match self.find(id.as_str()) {
                Ok(view) if view.is_live() => Err(EngineError::Connect { id: id.clone(), source }),
                Ok(view) => Err(phase_error(verb, &view)),
                Err(error) => Err(error),
            },
        }
    }
}

pub(crate) fn phase_error(verb: &'static str, view: &ContainerView) -> EngineError {
    EngineError::Phase {
        verb,
        id: view.id().clone(),
        phase: view.label(),
    }
}
