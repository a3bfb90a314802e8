//! Changing the limits and the restart policy of a container.

use container_launcher::control::v1;
use container_model::{ByteSize, ContainerConfig, ContainerId, ContainerUpdate};
use container_state::{ContainerLock, OwnError};

use crate::configure::limits;
use crate::error::RequestError;
use crate::{ContainerView, Engine, EngineError, UpdateRequest};

/// How often a container is looked at again that has been started or has ended meanwhile.
const ATTEMPTS: u32 = 16;

/// What a container that runs does not have before its next start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Updated {
    /// So many processors: its machine has less.
    pub next_cpus: Option<u32>,
    /// So much memory: its machine has less.
    pub next_memory: Option<ByteSize>,
}

impl Engine {
    /// Changes what a container was asked to be: of a running one at once as far as its machine goes, and on record. All is changed or nothing.
    ///
    /// # Errors
    /// [`EngineError::Request`] when the container would contradict itself, [`EngineError::Update`] when the guest refuses it.
    pub async fn update(&self, id: &ContainerId, request: &UpdateRequest) -> Result<Updated, EngineError> {
        let update = update_of(request)?;
        if update.is_empty() {
            return Ok(Updated::default());
        }
        let view = self.load(id)?;
        let mut attempts_left = ATTEMPTS;
        loop {
            let now = self.load_same(&view)?;
            // What it would contradict is said in the words of the flags.
            update.apply(&mut now.config.clone()).map_err(RequestError::from)?;
            let updated = match now.is_live() {
                true => self.update_live(id, &update).await,
                false => self.update_stopped(&view, &update),
            };
            attempts_left -= 1;
            match updated {
                // It has ended, or another command has started or removed it.
                Err(_) if attempts_left > 0 && self.load(id)?.is_live() != now.is_live() => {}
                Err(error) => return Err(error),
                Ok(updated) => {
                    self.tell_of_container(&view.config, "update");
                    return Ok(updated);
                }
            }
        }
    }

    async fn update_live(&self, id: &ContainerId, update: &ContainerUpdate) -> Result<Updated, EngineError> {
        let mut launcher = self.running_client(id, "update").await?;
        let updated = launcher.update(v1::UpdateRequest::from(update)).await;
        let updated = updated.map_err(|status| {
            match EngineError::newer_control("update", id, "update the container")(status) {
                EngineError::Control { reason, .. } => EngineError::Update { id: id.clone(), reason },
                other => other,
            }
        })?;
        let v1::UpdateResponse {
            next_cpus,
            next_memory_bytes,
        } = updated.into_inner();
        Ok(Updated {
            next_cpus,
            next_memory: next_memory_bytes.map(ByteSize),
        })
    }

    /// The container that was seen like this, as it is now; another one may have its name.
    fn load_same(&self, view: &ContainerView) -> Result<ContainerView, EngineError> {
        let now = self.load(view.id())?;
        match now.config.created == view.config.created {
            true => Ok(now),
            false => Err(EngineError::ContainerNotFound {
                name: view.id().to_string(),
            }),
        }
    }

    fn update_stopped(&self, view: &ContainerView, update: &ContainerUpdate) -> Result<Updated, EngineError> {
        let id = view.id();
        let owned = self.containers.own(id).map_err(|error| match error {
            OwnError::NotFound { .. } => error.into(),
            other => EngineError::Update {
                id: id.clone(),
                reason: other.to_string(),
            },
        })?;
        let mut config = self.load_same(view)?.config;
        update.apply(&mut config).map_err(RequestError::from)?;
        write(&owned, &config)?;
        Ok(Updated::default())
    }
}

fn write(owned: &ContainerLock, config: &ContainerConfig) -> Result<(), EngineError> {
    owned.write_config(config).map_err(|error| EngineError::Update {
        id: config.id.clone(),
        reason: error.to_string(),
    })
}

/// The change, with each value checked by itself.
fn update_of(request: &UpdateRequest) -> Result<ContainerUpdate, RequestError> {
    Ok(ContainerUpdate {
        cpus: request.cpus.map(limits::processors).transpose()?,
        memory_bytes: request.memory.map(limits::memory_bytes).transpose()?,
        limits: limits::changes(&request.limits)?,
        restart: request.restart,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventsRequest, LimitRequest};
    use container_model::RestartPolicy;
    use serde_json::json;
    use time::OffsetDateTime;

    #[tokio::test]
    async fn a_container_that_does_not_run_is_changed_on_record_and_that_is_told() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        let id: ContainerId = "web".parse().unwrap();
        engine.make_stopped(&id, json!([]));
        let before = engine.load(&id).unwrap().config;
        let mut request = UpdateRequest {
            cpus: Some(7),
            memory: Some(ByteSize((300 << 20) + 1)),
            limits: LimitRequest {
                pids: Some(64),
                ..LimitRequest::default()
            },
            restart: Some(RestartPolicy::Always),
        };
        assert_eq!(engine.update(&id, &request).await.unwrap(), Updated::default());
        let after = engine.load(&id).unwrap().config;
        assert_eq!((after.resources.cpus, after.resources.memory_bytes), (7, 301 << 20));
        assert_eq!(after.resources.control_group.pids, Some(64));
        assert_eq!(after.options.restart, RestartPolicy::Always);
        assert_eq!(after.process, before.process);
        request.limits.pids = Some(-1);
        engine.update(&id, &request).await.unwrap();
        assert_eq!(engine.load(&id).unwrap().config.resources.control_group.pids, None);
        let until = Some(OffsetDateTime::now_utc());
        let mut events = engine.events(EventsRequest { since: None, until }).unwrap();
        let told = events.next().await.unwrap().unwrap();
        assert_eq!((told.action.as_str(), told.id.as_str()), ("update", "web"));
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused_and_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        let id: ContainerId = "web".parse().unwrap();
        engine.make_stopped(&id, json!([]));
        let before = engine.load(&id).unwrap().config;
        type Change = fn(&mut UpdateRequest);
        let table: [(Change, &str); 5] = [
            (|request| request.cpus = Some(0), "at least one CPU"),
            (|request| request.memory = Some(ByteSize(1 << 20)), "too little"),
            (|request| request.limits.pids = Some(-2), "--pids-limit -2"),
            (
                |request| request.limits.memory_reservation = Some(ByteSize(1 << 50)),
                "at most --memory",
            ),
            (
                |request| request.limits.cpuset_cpus = Some("999".to_owned()),
                "from 0 on",
            ),
        ];
        for (change, part) in table {
            let mut request = UpdateRequest::default();
            change(&mut request);
            let error = engine.update(&id, &request).await.unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(engine.load(&id).unwrap().config, before);
        }
        let absent = "db".parse().unwrap();
        let request = UpdateRequest {
            cpus: Some(1),
            ..UpdateRequest::default()
        };
        let gone = engine.update(&absent, &request).await;
        assert!(matches!(gone, Err(EngineError::ContainerNotFound { .. })));
    }
}
