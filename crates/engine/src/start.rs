//! Starting a container: its launcher, and the client that attaches first.

use container_launcher::LauncherProcess;
use container_launcher::control::{self, ControlClient, v1};
use container_model::{ContainerId, Standing};

use crate::attach::open_session;
use crate::{ContainerView, Engine, EngineError, NewContainer, Session, SessionOptions};

impl Engine {
    /// Starts a container; returns when its workload runs. A running container is left as it is.
    ///
    /// # Errors
    /// [`EngineError::Launch`] with what the launcher has to say; [`EngineError::UnknownPhase`].
    pub async fn start(&self, id: &ContainerId) -> Result<(), EngineError> {
        let view = self.load(id)?;
        if view.is_live() {
            return Ok(());
        }
        check_phase(&view)?;
        start_on_record(&mut self.launch(id)?).await
    }

    /// Starts a container and attaches to it before its workload runs, so that no output is missed.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when it runs already. A workload that cannot be started is reported by the session.
    pub async fn start_attached(&self, id: &ContainerId, options: SessionOptions) -> Result<Session, EngineError> {
        let view = self.load(id)?;
        if view.is_live() {
            return Err(crate::engine::phase_error("start", &view));
        }
        check_phase(&view)?;
        open_session(self.launch(id)?, options, true).await
    }

    /// Starts a new container and attaches to it before its workload runs. The container is stopped when the session breaks off.
    ///
    /// # Errors
    /// [`EngineError::Spawn`]. A workload that cannot be started is reported by the session.
    pub async fn start_new_attached(
        &self,
        new: &mut NewContainer,
        options: SessionOptions,
    ) -> Result<Session, EngineError> {
        new.guard.release();
        let launcher = self.launch(new.id())?;
        new.launcher = Some(launcher.clone());
        open_session(launcher, options, true).await
    }

    /// Starts a new container; returns when its workload runs and that is on record. It is stopped unless it is kept.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub async fn start_new(&self, new: &mut NewContainer) -> Result<(), EngineError> {
        let options = SessionOptions {
            owner: true,
            ..SessionOptions::default()
        };
        let session = self.start_new_attached(new, options).await?;
        new.watch = Some(session);
        match &mut new.launcher {
            Some(launcher) => start_on_record(launcher).await,
            None => Ok(()),
        }
    }

    /// Starts the container's launcher. The connection of the returned client is the launcher's first: when it is closed before the
    /// workload was started, the launcher ends.
    fn launch(&self, id: &ContainerId) -> Result<ControlClient, EngineError> {
        let stream = LauncherProcess::spawn(&self.paths, id)?;
        Ok(control::client(stream))
    }
}

/// A start writes over the phase on record. What is in a phase that this program does not know, such as where the memory of a paused
/// machine is kept, would be lost.
fn check_phase(view: &ContainerView) -> Result<(), EngineError> {
    match view.standing {
        Standing::NotUnderstood => Err(EngineError::UnknownPhase {
            id: view.id().clone(),
            phase: view.label().to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Asks for the start of the workload; returns when it runs and that is on record.
async fn start_on_record(launcher: &mut ControlClient) -> Result<(), EngineError> {
    let response = launcher
        .start(v1::StartRequest {})
        .await
        .map_err(EngineError::control("start the container"))?;
    match response.into_inner().outcome {
        Some(v1::start_response::Outcome::Failure(failure)) => Err(EngineError::from_failure(failure)),
        _ => Ok(()),
    }
}
