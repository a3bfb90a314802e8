//! The engine itself: the stores of one app root, and the settings of its user.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use container_credentials::{LoginStore, system_keyring};
use container_image::ImageStore;
use container_launcher::control::{self, ControlClient};
use container_model::{ContainerId, Standing};
use container_network::NetworkStore;
use container_registry::Registries;
use container_settings::Settings;
use container_state::{AppPaths, ContainerStore, EventLog, VolumeStore};
use container_templates::TemplateStore;

use crate::assets::check_install_root;
use crate::registries::registries;
use crate::{ContainerView, EngineError, OpenError, settings};

/// The verbs of a container's life on one app root: everything that does not depend on the settings.
#[derive(Clone)]
pub struct Engine {
    pub(crate) paths: AppPaths,
    pub(crate) containers: ContainerStore,
    pub(crate) logins: LoginStore,
    pub(crate) networks: NetworkStore,
    pub(crate) volumes: VolumeStore,
    pub(crate) events: EventLog,
    pub(crate) templates: TemplateStore,
    images: ImageStore,
}

/// An engine that knows the settings of its user: containers are made and registries are spoken to in their terms.
#[derive(Clone)]
pub struct ConfiguredEngine {
    engine: Engine,
    pub(crate) settings: Arc<Settings>,
    pub(crate) registries: Registries,
}

impl From<&ConfiguredEngine> for Registries {
    /// The way to the registries, for what a build shares with others by way of them.
    fn from(engine: &ConfiguredEngine) -> Self {
        engine.registries.clone()
    }
}

impl Deref for ConfiguredEngine {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl Engine {
    /// The engine of the app root that the environment names.
    ///
    /// # Errors
    /// [`OpenError::Place`] when its directories cannot be made or are named by relative paths, [`OpenError::Images`] when the image
    /// store cannot be used.
    pub fn open() -> Result<Self, OpenError> {
        check_install_root()?;
        Self::at(AppPaths::from_environment()?)
    }

    /// The same at other directories, which are made.
    pub(crate) fn at(paths: AppPaths) -> Result<Self, OpenError> {
        paths.prepare()?;
        let images = ImageStore::open(paths.root())?;
        let logins = LoginStore::new(paths.root(), system_keyring());
        Ok(Self {
            containers: ContainerStore::new(paths.clone()),
            networks: NetworkStore::new(&paths),
            volumes: VolumeStore::new(&paths),
            events: EventLog::new(&paths),
            templates: TemplateStore::new(&paths),
            logins,
            images,
            paths,
        })
    }

    /// The same engine with the settings of this user.
    ///
    /// # Errors
    /// [`OpenError::Settings`] when the settings are wrong.
    pub fn configured(self) -> Result<ConfiguredEngine, OpenError> {
        Ok(self.with_settings(settings::load()?))
    }

    fn with_settings(self, settings: Settings) -> ConfiguredEngine {
        ConfiguredEngine {
            registries: registries(&settings, &self.logins),
            settings: Arc::new(settings),
            engine: self,
        }
    }

    /// An engine with default settings whose whole state is below `root`.
    #[cfg(test)]
    pub(crate) fn for_tests(root: &Path) -> ConfiguredEngine {
        let paths = AppPaths::new(root.join("app"), root.join("run"));
        Self::at(paths).unwrap().with_settings(Settings::default())
    }

    /// The image store.
    pub(crate) fn images(&self) -> &ImageStore {
        &self.images
    }

    /// Where all state lives.
    #[must_use]
    pub fn app_root(&self) -> &Path {
        self.paths.root()
    }

    /// A client of the launcher that owns the container.
    pub(crate) async fn running_client(
        &self,
        id: &ContainerId,
        verb: &'static str,
    ) -> Result<ControlClient, EngineError> {
        let view = self.load(id)?;
        if !view.is_live() {
            return Err(phase_error(verb, &view));
        }
        match control::connect(&self.paths, id).await {
            Ok(client) => Ok(client),
            // It may have ended since the record was read; the record says so then.
            Err(source) => match self.load(id) {
                Ok(view) if view.is_live() => Err(EngineError::unreachable_launcher(id, source)),
                Ok(view) => Err(phase_error(verb, &view)),
                Err(error) => Err(error),
            },
        }
    }

    /// As [`Engine::running_client`], of a container whose processes do not stand still: a new one would as well.
    pub(crate) async fn active_client(
        &self,
        id: &ContainerId,
        verb: &'static str,
    ) -> Result<ControlClient, EngineError> {
        let view = self.load(id)?;
        match view.is_paused() {
            true => Err(phase_error(verb, &view)),
            false => self.running_client(id, verb).await,
        }
    }
}

pub(crate) fn phase_error(verb: &'static str, view: &ContainerView) -> EngineError {
    let (id, phase) = (view.id().clone(), view.label().to_owned());
    match view.standing {
        Standing::NotUnderstood => EngineError::UnknownPhase { verb, id, phase },
        _ => EngineError::Phase { verb, id, phase },
    }
}
