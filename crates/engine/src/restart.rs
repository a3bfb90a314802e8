//! Stopping and starting again.

use std::time::Duration;

use container_model::{ContainerId, Signal};

use crate::{Engine, EngineError};

impl Engine {
    /// Stops the container as [`Engine::stop`] does, if it runs, and starts it; returns when its workload runs. Its new launcher is that of whoever
    /// restarts it, and is attached to by nobody.
    ///
    /// # Errors
    /// [`EngineError::EndsForGood`] when it runs and is removed at its end; as of [`Engine::start`]. Another command may have removed it once it was
    /// stopped.
    pub async fn restart(
        &self,
        id: &ContainerId,
        signal: Option<Signal>,
        timeout: Option<Duration>,
    ) -> Result<(), EngineError> {
        let view = self.load(id)?;
        if view.is_live() {
            if view.config.options.auto_remove {
                return Err(EngineError::EndsForGood { id: id.clone() });
            }
            self.stop(id, signal, timeout).await?;
        }
        match self.start(&self.load(id)?).await {
            // Another command was faster, after it had been stopped.
            Err(EngineError::Launch { .. }) if self.load(id)?.is_live() => {}
            started => started?,
        }
        self.tell_of_container(&view.config, "restart");
        Ok(())
    }
}
