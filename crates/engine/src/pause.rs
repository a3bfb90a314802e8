//! Stopping the processes of a container where they are, and letting them go on.

use container_launcher::control::v1;
use container_model::ContainerId;

use crate::engine::phase_error;
use crate::{Engine, EngineError};

impl Engine {
    /// Stops all processes of a running container where they are; returns when they stand still. They take no processor time then, and keep their
    /// memory and connections.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when it does not run, or is paused already.
    pub async fn pause(&self, id: &ContainerId) -> Result<(), EngineError> {
        self.set_paused(id, true).await
    }

    /// Lets the processes of a paused container go on.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when it is not paused.
    pub async fn unpause(&self, id: &ContainerId) -> Result<(), EngineError> {
        self.set_paused(id, false).await
    }

    async fn set_paused(&self, id: &ContainerId, paused: bool) -> Result<(), EngineError> {
        let (verb, action) = match paused {
            true => ("pause", "pause the container"),
            false => ("unpause", "unpause the container"),
        };
        let view = self.load(id)?;
        if view.is_live() && view.is_paused() == paused {
            return Err(phase_error(verb, &view));
        }
        let mut launcher = self.running_client(id, verb).await?;
        let set = launcher.set_paused(v1::SetPausedRequest { paused }).await;
        set.map_err(EngineError::newer_control(verb, id, action))?;
        self.tell_of_container(&view.config, verb);
        Ok(())
    }
}
