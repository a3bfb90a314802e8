//! Waiting for the end of a container.

use container_launcher::control::v1;
use container_model::{ContainerId, Phase};

use crate::attach::exit_status;
use crate::{ContainerView, Engine, EngineError};

/// How many launchers of the container may be lost while its end is waited for. Each of them was there and answered.
const LOSSES: u32 = 3;

impl Engine {
    /// Waits until the container's program ends, and gives its exit code, also when its policy starts it again. A container that has ended already
    /// gives that of its last run, and one that never ran gives 0, as in Docker.
    ///
    /// # Errors
    /// [`EngineError::NoExitCode`] when it could not be started, or when its launcher did not live to see its end.
    pub async fn wait(&self, id: &ContainerId) -> Result<u8, EngineError> {
        let mut losses = 0;
        loop {
            let mut launcher = match self.running_client(id, "wait for").await {
                Err(EngineError::Phase { .. }) => return exit_code(&self.load(id)?),
                other => other?,
            };
            let lost = match launcher.wait(v1::WaitRequest { next_exit: true }).await {
                Ok(response) => return Ok(exit_status(response.into_inner().exit_status.unwrap_or_default()).exit_code),
                Err(status) => EngineError::control("wait for the container's end")(status),
            };
            losses += 1;
            if losses == LOSSES || !lost.is_loss_of_launcher() {
                // The record tells more, unless the container was to be removed at its end.
                return match self.load(id) {
                    Ok(view) if !view.is_live() => exit_code(&view),
                    _ => Err(lost),
                };
            }
            // The record says how it ended, once the launcher's lock is free.
        }
    }
}

/// The exit code on record of a container that does not run.
fn exit_code(view: &ContainerView) -> Result<u8, EngineError> {
    match &view.state.phase {
        Phase::Stopped { exit: Some(exit), .. } => Ok(exit.exit_code),
        Phase::Stopped { reason, .. } => Err(EngineError::NoExitCode {
            id: view.id().clone(),
            reason: reason.clone().unwrap_or_else(|| "its end was not observed".to_owned()),
        }),
        _ => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn what_does_not_run_has_the_exit_code_on_record() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        let id: ContainerId = "job".parse().unwrap();
        engine.make_stopped(&id, json!([]));
        assert_eq!(engine.wait(&id).await.unwrap(), 0);

        let record = |phase: serde_json::Value| {
            let state = json!({ "version": 1, "phase": phase });
            std::fs::write(engine.containers.bundle(&id).state(), state.to_string()).unwrap();
        };
        record(json!({ "name": "stopped", "exit": { "exitCode": 7, "oomKilled": false } }));
        assert_eq!(engine.wait(&id).await.unwrap(), 7);
        record(json!({ "name": "stopped", "reason": "no such program: nope" }));
        let error = engine.wait(&id).await.unwrap_err().to_string();
        assert_eq!(error, "container job has no exit code: no such program: nope");
        // Its launcher is dead.
        record(json!({ "name": "running", "started": "2026-01-01T00:00:00Z" }));
        let error = engine.wait(&id).await.unwrap_err().to_string();
        assert_eq!(error, "container job has no exit code: the launcher was killed");

        let missing = engine.wait(&"ghost".parse().unwrap()).await.unwrap_err();
        assert_eq!(missing.to_string(), "container \"ghost\" not found");
    }
}
