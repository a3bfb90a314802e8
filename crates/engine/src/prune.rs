//! Deleting all containers that do not run.

use container_model::{ContainerId, Standing};

use crate::{Engine, EngineError};

/// What pruning containers has done.
#[derive(Debug, Default)]
pub struct PrunedContainers {
    /// Containers that are gone.
    pub deleted: Vec<ContainerId>,
    /// Bytes of the disk that they took.
    pub reclaimed_bytes: u64,
    /// Containers that do not run and could not be deleted, and why.
    pub failed: Vec<(ContainerId, EngineError)>,
}

impl Engine {
    /// Deletes the containers that do not run, with their writable disks and logs. Their volumes stay, and so do containers whose records this
    /// program cannot read or does not understand.
    ///
    /// # Errors
    /// [`EngineError::List`].
    pub async fn prune_containers(&self) -> Result<PrunedContainers, EngineError> {
        let mut pruned = PrunedContainers::default();
        let at_rest = self
            .list()?
            .into_iter()
            .filter(|view| view.standing == Standing::AtRest);
        for id in at_rest.map(|view| view.config.id) {
            let size_bytes = self.container_disk_bytes(&id);
            match self.delete(&id, false, false).await {
                Ok(()) => {
                    pruned.reclaimed_bytes += size_bytes;
                    pruned.deleted.push(id);
                }
                // It has been started, or deleted, meanwhile.
                Err(EngineError::Phase { .. } | EngineError::ContainerNotFound { .. }) => {}
                Err(_) if self.load(&id).is_ok_and(|view| view.is_live()) => {}
                Err(error) => pruned.failed.push((id, error)),
            }
        }
        Ok(pruned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn what_is_not_understood_stays_and_what_rests_goes() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        let [made, odd]: [ContainerId; 2] = ["made", "odd"].map(|id| id.parse().unwrap());
        for id in [&made, &odd] {
            engine.make_stopped(id, json!([]));
        }
        let state = json!({ "version": 1, "phase": { "name": "asleep", "memory": "saved.img" } });
        std::fs::write(engine.containers.bundle(&odd).state(), state.to_string()).unwrap();
        let pruned = engine.prune_containers().await.unwrap();
        assert_eq!(pruned.deleted, [made]);
        assert!(pruned.reclaimed_bytes > 0 && pruned.failed.is_empty(), "{pruned:?}");
        assert_eq!(engine.list().unwrap().len(), 1);
    }
}
