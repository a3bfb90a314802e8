//! Starting what has to run after a boot of the host.

use std::sync::Arc;

use container_model::ContainerId;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::rule::stays_stopped;
use crate::{Engine, EngineError};

/// How many containers start at the same time. Each boots a machine, so that more of them at once would each take longer.
const AT_ONCE: usize = 4;

/// What became of a container that had to be started.
#[derive(Debug)]
pub struct StartAtBoot {
    /// The container.
    pub id: ContainerId,
    /// Whether it runs.
    pub result: Result<(), EngineError>,
}

impl Engine {
    /// Starts the containers that start together with the host, several at once, as [`Engine::start`] does; gives `tell` what became of each as soon
    /// as that is known. One that fails keeps no other from starting.
    ///
    /// # Errors
    /// [`EngineError::List`]; [`EngineError::Interrupted`] when nobody knows what became of one. What else concerns one container is told.
    pub async fn start_at_boot(&self, mut tell: impl FnMut(StartAtBoot)) -> Result<(), EngineError> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut starts = JoinSet::new();
        for view in self.list()? {
            if view.is_live() || stays_stopped(view.config.options.restart, &view.state).is_some() {
                continue;
            }
            let (engine, places, id) = (self.clone(), Arc::clone(&places), view.config.id);
            starts.spawn(async move {
                // It is never closed.
                let _place = places.acquire().await;
                let result = engine.start_if_wanted(&id).await;
                StartAtBoot { id, result }
            });
        }
        let mut outcome = Ok(());
        while let Some(start) = starts.join_next().await {
            match start {
                Ok(start) => tell(start),
                Err(_) => {
                    outcome = Err(EngineError::Interrupted {
                        action: "start a container",
                    })
                }
            }
        }
        outcome
    }

    /// Starts a container that was to be started a moment ago. Commands of users go on meanwhile: they may have started, stopped or deleted it.
    async fn start_if_wanted(&self, id: &ContainerId) -> Result<(), EngineError> {
        let view = match self.load(id) {
            Err(EngineError::ContainerNotFound { .. }) => return Ok(()),
            view => view?,
        };
        if stays_stopped(view.config.options.restart, &view.state).is_some() {
            return Ok(());
        }
        match self.start(&view).await {
            // Another command was faster.
            Err(EngineError::Launch { .. }) if self.load(id)?.is_live() => Ok(()),
            started => started,
        }
    }
}
