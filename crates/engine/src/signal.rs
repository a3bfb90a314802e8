//! Stopping and killing.

use std::time::Duration;

use container_launcher::control::{ControlClient, v1};
use container_model::{ContainerId, Signal};

use crate::{ContainerView, Engine, EngineError};

/// How long a container is given to end when neither its user nor its record says, as in Apple's tool.
const DEFAULT_STOP_TIMEOUT: Duration = Duration::from_secs(5);

impl Engine {
    /// Sends the container's stop signal (or `signal`), waits for `timeout`, which is else the container's own or 5 seconds, then kills.
    /// Returns once its end is recorded. A stopped container is left as it is.
    ///
    /// # Errors
    /// [`EngineError::Control`] when the launcher refuses.
    pub async fn stop(
        &self,
        id: &ContainerId,
        signal: Option<Signal>,
        timeout: Option<Duration>,
    ) -> Result<(), EngineError> {
        let view = self.load(id)?;
        let Some(mut client) = self.client_for_end(&view).await? else {
            return Ok(());
        };
        let request = v1::StopRequest {
            signal: signal.map_or(0, Signal::number),
            timeout_ms: milliseconds(timeout.unwrap_or_else(|| stop_timeout(&view))),
        };
        let outcome = client.stop(request).await;
        self.ended_meanwhile(id, outcome.map_err(EngineError::control("stop the container")))?;
        self.tell_of_container(&view.config, "stop");
        Ok(())
    }

    /// Ends the container as [`Engine::stop`] does, but because its host goes down and not because a user wants that. Its own time to end counts up to
    /// `timeout_max`.
    ///
    /// # Errors
    /// [`EngineError::Control`] when the launcher refuses; [`EngineError::OldLauncher`] when it would take this for a user's wish. The container runs on.
    pub(crate) async fn end_with_host(&self, id: &ContainerId, timeout_max: Duration) -> Result<(), EngineError> {
        let view = match self.load(id) {
            Err(EngineError::ContainerNotFound { .. }) => return Ok(()),
            view => view?,
        };
        let Some(mut client) = self.client_for_end(&view).await? else {
            return Ok(());
        };
        let request = v1::EndWithHostRequest {
            timeout_ms: milliseconds(stop_timeout(&view).min(timeout_max)),
        };
        let outcome = client.end_with_host(request).await;
        let failed = EngineError::newer_control("end", id, "end the container");
        self.ended_meanwhile(id, outcome.map_err(failed))?;
        self.tell_of_container(&view.config, "stop");
        Ok(())
    }

    /// The way to the launcher of a container that is to end; `None` when it has ended.
    async fn client_for_end(&self, view: &ContainerView) -> Result<Option<ControlClient>, EngineError> {
        if !view.is_live() {
            return Ok(None);
        }
        match self.running_client(view.id(), "stop").await {
            Err(
                EngineError::Phase { .. } | EngineError::UnknownPhase { .. } | EngineError::ContainerNotFound { .. },
            ) => Ok(None),
            client => client.map(Some),
        }
    }

    /// Sends a signal to the container's first process. After SIGKILL it returns once the end is recorded.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when the container does not run.
    pub async fn kill(&self, id: &ContainerId, signal: Signal) -> Result<(), EngineError> {
        let mut client = self.running_client(id, "kill").await?;
        let request = v1::SignalRequest {
            process_id: String::new(),
            signal: signal.number(),
        };
        let sent = client
            .signal(request)
            .await
            .map_err(EngineError::control("signal the container"));
        if signal != Signal::KILL {
            self.ended_meanwhile(id, sent)?;
        } else {
            // A launcher whose container is about to end refuses the signal. Its end is what was asked for, so it is waited for.
            if let Err(error) = sent {
                tracing::debug!(%error, "the launcher refused SIGKILL");
            }
            let waited = client.wait(v1::WaitRequest::default()).await;
            self.ended_meanwhile(id, waited.map_err(EngineError::control("wait for the container's end")))?;
        }
        Ok(())
    }

    /// A launcher that went away in the middle of a call did so because the container has ended: that is what was asked for.
    fn ended_meanwhile<T>(&self, id: &ContainerId, outcome: Result<T, EngineError>) -> Result<(), EngineError> {
        match outcome {
            Ok(_) => Ok(()),
            Err(error) => match self.load(id) {
                Ok(view) if view.is_live() => Err(error),
                _ => Ok(()),
            },
        }
    }
}

/// How long a container is given to end when nobody says how long.
fn stop_timeout(view: &ContainerView) -> Duration {
    let own = view.config.options.stop_timeout_seconds;
    own.map_or(DEFAULT_STOP_TIMEOUT, |seconds| Duration::from_secs(seconds.into()))
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
