//! Deleting containers.

use container_model::{ContainerId, Signal};

use crate::engine::phase_error;
use crate::{Engine, EngineError};

impl Engine {
    /// Deletes a container with its writable disk and logs. A running one is killed first if `force` says so.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when it runs and `force` is not set.
    pub async fn delete(&self, id: &ContainerId, force: bool) -> Result<(), EngineError> {
        let view = self.find(id.as_str())?;
        if view.is_live() {
            if !force {
                return Err(phase_error("delete", &view));
            }
            match self.kill(id, Signal::KILL).await {
                // It ended by itself meanwhile.
                Ok(()) | Err(EngineError::Phase { .. } | EngineError::NoSuchContainer { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        // One that was to be removed on exit is gone by now.
        if matches!(self.find(id.as_str()), Err(EngineError::NoSuchContainer { .. })) {
            return Ok(());
        }
        Ok(self.containers.delete(id)?)
    }
}
