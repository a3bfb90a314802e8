//! A new container, from when its name is taken until its user has been told of it.

use std::time::Duration;

use container_launcher::control::{ControlClient, v1};
use container_model::{ContainerId, Signal};
use tokio::time::timeout;

use crate::{EngineError, Session};

/// How long the launcher may take to answer that the command which started the container has detached.
const DETACH_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a container that is undone may take to end.
const UNDO_TIMEOUT: Duration = Duration::from_secs(20);

/// A container in the making. Unless it is kept it is undone, also when this process is killed: this container, and never another
/// that has its name by then.
pub struct NewContainer {
    pub(crate) guard: container_state::NewContainer,
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
            launcher: None,
            watch: None,
        }
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

    /// Ends it if it runs, and removes it.
    pub async fn undo(self) {
        let Self { guard, launcher, watch } = self;
        // A launcher removes a container that was not kept.
        drop(guard);
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
