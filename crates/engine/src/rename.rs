//! Giving a container another name.

use container_model::{ContainerId, Event};
use container_state::{OwnError, RenameError};

use crate::engine::phase_error;
use crate::{Cause, Engine, EngineError};

impl Engine {
    /// Gives a container that does not run another name. Its host name follows where nobody has said another one, and so do the names under which
    /// others on its networks find it.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when it runs, [`EngineError::Rename`] when the name is taken.
    pub fn rename(&self, id: &ContainerId, to: &ContainerId) -> Result<(), EngineError> {
        let view = self.load(id)?;
        if view.is_live() {
            return Err(phase_error("rename", &view));
        }
        let renamed = self.containers.rename(id, to);
        let config = renamed.map_err(|error| match error {
            RenameError::Own(OwnError::NotFound { id }) => EngineError::ContainerNotFound { name: id.to_string() },
            RenameError::Load(error) => error.into(),
            RenameError::Own(OwnError::Taken { .. }) => match self.load(id) {
                Ok(view) if view.is_live() => phase_error("rename", &view),
                _ => EngineError::rename(id, error),
            },
            other => EngineError::rename(id, other),
        })?;
        self.tell(&Event::of_container(&config, "rename").with("oldName", id));
        Ok(())
    }
}

impl EngineError {
    fn rename(id: &ContainerId, error: RenameError) -> Self {
        Self::Rename {
            id: id.clone(),
            source: Cause::new(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventsRequest;
    use serde_json::json;
    use time::OffsetDateTime;

    #[tokio::test]
    async fn a_container_that_does_not_run_gets_another_name_and_that_is_told() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        let [web, shop, db]: [ContainerId; 3] = ["web", "shop", "db"].map(|id| id.parse().unwrap());
        for id in [&web, &db] {
            engine.make_stopped(id, json!([]));
        }
        let taken = engine.rename(&web, &db).unwrap_err();
        assert_eq!(
            taken.to_string(),
            "cannot rename container web: the name \"db\" is already in use"
        );
        assert_eq!(
            engine.rename(&web, &web).unwrap_err().to_string(),
            "cannot rename container web: the name \"web\" is already in use"
        );
        engine.rename(&web, &shop).unwrap();
        let gone = engine.rename(&web, &shop).unwrap_err();
        assert!(matches!(gone, EngineError::ContainerNotFound { .. }), "{gone}");
        assert_eq!(engine.load(&shop).unwrap().id(), &shop);
        let until = Some(OffsetDateTime::now_utc());
        let mut events = engine.events(EventsRequest { since: None, until }).unwrap();
        let told = events.next().await.unwrap().unwrap();
        assert_eq!((told.action.as_str(), told.id.as_str()), ("rename", "shop"));
        assert_eq!(
            (told.attributes["name"].as_str(), told.attributes["oldName"].as_str()),
            ("shop", "web")
        );
        assert_eq!(events.next().await.unwrap(), None);
    }
}
