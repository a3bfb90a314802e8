//! Starting a container: its launcher, and the client that attaches first.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use container_launcher::control::{self, ControlClient, v1};
use container_launcher::{LauncherProcess, SSH_AGENT_VARIABLE};
use container_model::{ContainerId, Phase, Standing};

use crate::attach::open_session;
use crate::engine::phase_error;
use crate::{ContainerView, Engine, EngineError, NewContainer, Session, SessionOptions};

impl Engine {
    /// Starts the container that was seen like this just now; returns when its workload runs. A running container is left as it is.
    ///
    /// # Errors
    /// [`EngineError::Launch`] with what the launcher has to say; [`EngineError::Phase`] when it is paused; [`EngineError::UnknownPhase`].
    pub async fn start(&self, view: &ContainerView) -> Result<(), EngineError> {
        if view.is_paused() {
            return Err(phase_error("start", view));
        }
        if view.is_live() {
            return Ok(());
        }
        check_phase(view)?;
        let started = start_on_record(&mut self.launch(view.id(), view.config.ssh)?).await;
        started.map_err(|error| error.with_last_words(&self.containers.bundle(view.id())))
    }

    /// Starts the container that was seen like this just now, and attaches to it before its workload runs, so that no output is missed.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when it runs already. A workload that cannot be started is reported by the session.
    pub async fn start_attached(&self, view: &ContainerView, options: SessionOptions) -> Result<Session, EngineError> {
        if view.is_live() {
            return Err(phase_error("start", view));
        }
        check_phase(view)?;
        let bundle = self.containers.bundle(view.id());
        let opened = open_session(self.launch(view.id(), view.config.ssh)?, options, true, bundle.clone()).await;
        let session = opened.map_err(|error| error.with_last_words(&bundle))?;
        self.tell_of_container(&view.config, "attach");
        Ok(session)
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
        let session = self.start_new_watched(new, options).await?;
        if let Some((_, config)) = &new.recorded {
            self.tell_of_container(config, "attach");
        }
        Ok(session)
    }

    /// As [`Engine::start_new_attached`], with a session that nobody is attached with.
    async fn start_new_watched(&self, new: &mut NewContainer, options: SessionOptions) -> Result<Session, EngineError> {
        new.guard.release();
        if let Some(stream) = new.waiting_launcher.take() {
            let launcher = control::client(stream);
            new.launcher = Some(launcher.clone());
            match open_session(launcher, options, true, new.guard.bundle().clone()).await {
                // It was gone before there was anything to start.
                Err(error) if error.is_loss_of_launcher() && self.is_as_made(new.id()) => {
                    tracing::debug!(%error, "starting another launcher");
                }
                opened => return opened,
            }
        }
        let launcher = control::client(self.spawn_launcher(new.id(), new.has_ssh)?);
        new.launcher = Some(launcher.clone());
        open_session(launcher, options, true, new.guard.bundle().clone()).await
    }

    /// Whether no launcher has taken a container yet.
    fn is_as_made(&self, id: &ContainerId) -> bool {
        self.load(id).is_ok_and(|view| view.state.phase == Phase::Created)
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
        let session = self.start_new_watched(new, options).await?;
        new.watch = Some(session);
        match &mut new.launcher {
            Some(launcher) => start_on_record(launcher).await,
            None => Ok(()),
        }
    }

    /// Starts the container's launcher; `has_ssh` says whether the container was asked to have the SSH agent. The connection of the returned client is
    /// the launcher's first: when it is closed before the workload was started, the launcher ends.
    fn launch(&self, id: &ContainerId, has_ssh: bool) -> Result<ControlClient, EngineError> {
        Ok(control::client(self.spawn_launcher(id, has_ssh)?))
    }

    /// Starts a launcher, which waits for the first word on the connection that is returned. Until then there need not be a container.
    pub(crate) fn spawn_launcher(&self, id: &ContainerId, has_ssh: bool) -> Result<UnixStream, EngineError> {
        // The agent of whoever starts the container, at every start anew.
        let agent = has_ssh.then(ssh_agent).flatten();
        Ok(LauncherProcess::spawn(&self.paths, id, agent.as_deref())?)
    }
}

/// The socket of the SSH agent of this process's user, absolute; `None` without an agent.
#[must_use]
pub fn ssh_agent() -> Option<PathBuf> {
    let named = std::env::var_os(SSH_AGENT_VARIABLE).filter(|path| !path.is_empty())?;
    std::path::absolute(named).ok()
}

/// A start writes over the phase on record. What is in a phase that this program does not know, such as where the memory of a paused
/// machine is kept, would be lost.
fn check_phase(view: &ContainerView) -> Result<(), EngineError> {
    match view.standing {
        Standing::NotUnderstood => Err(phase_error("start", view)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_container_in_an_unknown_phase_is_shown_and_deleted_but_not_started() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        let id: ContainerId = "made".parse().unwrap();
        let bundle = engine.containers.bundle(&id);
        std::fs::create_dir_all(bundle.directory()).unwrap();
        let config = include_str!("../../model/tests/version1/made/config.json");
        std::fs::write(bundle.config(), config).unwrap();
        let state = r#"{"version":1,"phase":{"name":"paused","memory":"saved.img"}}"#;
        std::fs::write(bundle.state(), state).unwrap();

        let view = engine.load(&id).unwrap();
        assert_eq!((view.label(), view.is_live()), ("paused", false));
        let errors = [
            engine.start(&view).await,
            engine
                .start_attached(&view, SessionOptions::default())
                .await
                .map(|_| ()),
        ];
        for error in errors.map(Result::unwrap_err) {
            let expected = "cannot start container made: its phase is \"paused\", which this version does not know: use a newer `container`";
            assert_eq!((error.to_string().as_str(), error.hint()), (expected, None));
        }
        assert_eq!(std::fs::read_to_string(bundle.state()).unwrap(), state);
        engine.delete(&id, false, false).await.unwrap();
        assert!(!bundle.directory().exists());
    }
}
