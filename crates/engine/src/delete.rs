//! Deleting containers.

use container_model::{ContainerId, Event, EventType, Signal};
use container_state::{AnonymousVolumes, DeleteError, OwnError};

use crate::engine::phase_error;
use crate::{Engine, EngineError};

impl Engine {
    /// Deletes a container with its writable disk and logs. A running one is killed first if `force` says so. Volumes that were
    /// made for it alone go with it if `volumes` says so, or if the container was to be removed at its end.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when it runs and `force` is not set.
    pub async fn delete(&self, id: &ContainerId, force: bool, volumes: bool) -> Result<(), EngineError> {
        let view = match self.load(id) {
            Ok(view) => view,
            // The record of a damaged container says nothing, but the container is there.
            Err(EngineError::Load(_)) => {
                self.containers.delete(id)?;
                self.tell(&Event::now(EventType::Container, "destroy", id.as_str()).with("name", id));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if view.is_live() {
            if !force {
                return Err(phase_error("delete", &view));
            }
            match self.kill(id, Signal::KILL).await {
                // It ended by itself meanwhile.
                Ok(())
                | Err(
                    EngineError::Phase { .. }
                    | EngineError::UnknownPhase { .. }
                    | EngineError::ContainerNotFound { .. },
                ) => {}
                Err(other) => return Err(other),
            }
        }
        let owned = match self.containers.own(id) {
            // A container that was to be removed at its end is gone by now.
            Err(OwnError::NotFound { .. }) => return Ok(()),
            owned => owned.map_err(DeleteError::from)?,
        };
        match self.load(id) {
            // Another container has the name now.
            Ok(found) if found.config.created != view.config.created => Ok(()),
            _ => {
                owned.delete(match volumes || view.config.options.auto_remove {
                    true => AnonymousVolumes::Delete,
                    false => AnonymousVolumes::Keep,
                })?;
                self.tell_of_container(&view.config, "destroy");
                Ok(())
            }
        }
    }
}
