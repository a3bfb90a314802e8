//! Starting a container: its launcher, and whoever attaches first.

use container_launcher::LauncherProcess;
use container_launcher::control::{self, ControlClient, v1};
use container_model::ContainerId;

use crate::attach::open_session;
use crate::{CreateRequest, Engine, EngineError, Session, SessionOptions};

impl Engine {
    /// Starts a container; returns when its workload runs. A running container is left as it is.
    ///
    /// # Errors
    /// [`EngineError::Launch`] with what the launcher has to say.
    pub async fn start(&self, id: &ContainerId) -> Result<(), EngineError> {
        if self.find(id.as_str())?.is_live() {
            return Ok(());
        }
        let mut client = self.launch(id)?;
        let response = client
            .start(v1::StartRequest {})
            .await
            .map_err(EngineError::control("start the container"))?;
        match response.into_inner().outcome {
            Some(v1::start_response::Outcome::Failure(failure)) => Err(EngineError::from_failure(failure)),
            _ => Ok(()),
        }
    }

    /// Starts a container and attaches to it before its workload runs, so that no output is missed.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when it runs already. A workload that cannot be started is reported by the session.
    pub async fn start_attached(&self, id: &ContainerId, options: SessionOptions) -> Result<Session, EngineError> {
        let view = self.find(id.as_str())?;
        if view.is_live() {
            return Err(crate::engine::phase_error("start", &view));
        }
        open_session(self.launch(id)?, options, true).await
    }

    /// Makes a container, starts it and attaches to it.
    ///
    /// # Errors
    /// As [`Engine::create`] and [`Engine::start_attached`].
    pub async fn run_attached(
        &self,
        request: CreateRequest,
        options: SessionOptions,
    ) -> Result<(ContainerId, Session), EngineError> {
        let id = self.create(request).await?;
        let session = open_session(self.launch(&id)?, options, true).await?;
        Ok((id, session))
    }

    /// Makes a container and starts it; returns when its workload runs.
    ///
    /// # Errors
    /// As [`Engine::create`] and [`Engine::start`].
    pub async fn run_detached(&self, request: CreateRequest) -> Result<ContainerId, EngineError> {
        let id = self.create(request).await?;
        self.start(&id).await?;
        Ok(id)
    }

    /// Starts the container's launcher. The returned client's connection is the launcher's first: should it be closed before the
    /// workload was started, the launcher gives up.
    fn launch(&self, id: &ContainerId) -> Result<ControlClient, EngineError> {
        let stream = LauncherProcess::spawn(&self.paths, id)?;
        Ok(control::client(stream))
    }
}
