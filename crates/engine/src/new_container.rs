//! A new container, from when its name is taken until its user has been told of it.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use container_launcher::control::{ControlClient, v1};
use container_model::{ContainerConfig, ContainerId, Event, Signal};
use container_state::EventLog;
use tokio::time::timeout;

use crate::events::tell;
use crate::{EngineError, Session};

/// How long the launcher may take to answer that the command which started the container has detached.
const DETACH_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a container that is undone may take to end.
const UNDO_TIMEOUT: Duration = Duration::from_secs(20);

/// A container in the making. Unless it is kept it is undone, also when this process is killed: this container, and never another
/// that has its name by then.
pub struct NewContainer {
    pub(crate) guard: container_state::NewContainer,
    /// Whether it is to be removed at its end.
    pub(crate) is_temporary: bool,
    /// Whether it is to have the SSH agent of whoever starts it.
    pub(crate) has_ssh: bool,
    /// Whether it is started as soon as it is made.
    pub(crate) is_to_start: bool,
    /// What it is on record to be, and where its end is told if it is undone.
    pub(crate) recorded: Option<(EventLog, ContainerConfig)>,
    /// The connection to a launcher that waits for it to be made. Dropped, the launcher ends.
    pub(crate) waiting_launcher: Option<UnixStream>,
    /// The launcher that was started for it.
    pub(crate) launcher: Option<ControlClient>,
    /// The session of the command that starts the container: the launcher stops the container when it breaks off. A container that is
    /// kept is detached from.
    pub(crate) watch: Option<Session>,
}

impl NewContainer {
    pub(crate) fn new(guard: container_state::NewContainer) -> Self {
        Self {
            guard,
            is_temporary: false,
            has_ssh: false,
            is_to_start: false,
            recorded: None,
            waiting_launcher: None,
            launcher: None,
            watch: None,
        }
    }

    /// Says that it is started as soon as it is made, so that its launcher comes up meanwhile.
    pub fn start_when_made(&mut self) {
        self.is_to_start = true;
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &ContainerId {
        self.guard.id()
    }

    /// Makes it lasting: the user has been told of it.
    ///
    /// # Errors
    /// [`EngineError::Keep`]; it is then undone.
    pub async fn keep(self) -> Result<(), EngineError> {
        let Self { guard, watch, .. } = self;
        match tokio::task::spawn_blocking(move || guard.keep()).await {
            Ok(kept) => kept?,
            Err(_) => {
                return Err(EngineError::Interrupted {
                    action: "keep the container",
                });
            }
        }
        if let Some(watch) = watch {
            let (control, _input, mut events) = watch.split();
            control.detach().await;
            let ended = async { while let Ok(Some(_)) = events.recv().await {} };
            // A launcher that is slow to answer has the request all the same.
            let _ = timeout(DETACH_TIMEOUT, ended).await;
        }
        Ok(())
    }

    /// Decides what becomes of it when its program was not started: one whose launcher failed is kept, because its logs and its record say
    /// why, unless it was to be removed at its end. Any other is undone. Returns the failure with what a launcher that is gone said last.
    pub async fn not_started(self, error: EngineError) -> EngineError {
        let error = error.with_last_words(self.guard.bundle());
        let has_logs = matches!(
            error,
            EngineError::Launch { .. } | EngineError::Lost | EngineError::Died { .. } | EngineError::Control { .. }
        );
        if has_logs && !self.is_temporary {
            // When it cannot be kept either, the first failure is still what the user has to know.
            let _ = self.keep().await;
        } else {
            self.undo().await;
        }
        error
    }

    /// Ends it if it runs, and removes it.
    pub async fn undo(self) {
        let Self {
            guard,
            recorded,
            launcher,
            watch,
            ..
        } = self;
        // A launcher removes a container that was not kept.
        drop(guard);
        if let Some((events, config)) = recorded.filter(|_| launcher.is_none()) {
            tell(&events, &Event::of_container(&config, "destroy"));
        }
        if let Some(mut launcher) = launcher {
            let kill = v1::StopRequest {
                signal: Signal::KILL.number(),
                timeout_ms: 0,
            };
            // A launcher that does not answer ends when its connection to us does.
            let _ = timeout(UNDO_TIMEOUT, launcher.stop(kill)).await;
        }
        drop(watch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Engine;

    #[tokio::test]
    async fn a_container_whose_launcher_failed_is_kept_unless_it_is_temporary() {
        let refused = || EngineError::Control {
            action: "start the container",
            reason: "no memory".to_owned(),
        };
        let not_launched = || EngineError::ContainerNotFound { name: "web".to_owned() };
        for (error, is_temporary, is_kept) in [
            (refused(), false, true),
            (EngineError::Lost, false, true),
            (refused(), true, false),
            (not_launched(), false, false),
        ] {
            let root = tempfile::tempdir().unwrap();
            let engine = Engine::for_tests(root.path());
            let id: ContainerId = "web".parse().unwrap();
            let mut new = engine.reserve(Some(id.clone())).unwrap();
            new.is_temporary = is_temporary;
            std::fs::write(engine.containers.bundle(&id).launcher_log(), "no more memory\n").unwrap();
            let is_loss = error.is_loss_of_launcher();
            let told = new.not_started(error).await.to_string();
            let is_there = engine.containers.bundle(&id).directory().exists();
            assert_eq!(is_there, is_kept, "{told}, temporary: {is_temporary}");
            assert_eq!(told.ends_with("its log ends with:\nno more memory"), is_loss, "{told}");
        }
    }
}
