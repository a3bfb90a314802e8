//! Ending what runs when the host goes down.

use std::collections::HashSet;
use std::time::Duration;

use container_model::ContainerId;
use tokio::task::JoinSet;

use crate::{Engine, EngineError};

/// How long a container is waited for at most. The system gives all of a user's programs two minutes together (`TimeoutStopSec=` of user@.service), and
/// a container that is killed in time still has its end on record.
const STOP_TIMEOUT_MAX: Duration = Duration::from_secs(90);

/// What became of a container that had to end.
#[derive(Debug)]
pub struct EndWithHost {
    /// The container.
    pub id: ContainerId,
    /// Whether it has ended.
    pub result: Result<(), EngineError>,
}

impl Engine {
    /// Ends all containers that run, at once: each is asked with its stop signal and killed after its stop timeout. After the next boot those start that
    /// would have gone on. `tell` is given what became of each as soon as that is known. What is started meanwhile ends as well.
    ///
    /// # Errors
    /// [`EngineError::List`]; [`EngineError::Interrupted`] when nobody knows what became of one. What else concerns one container is told.
    pub async fn end_with_host_all(&self, mut tell: impl FnMut(EndWithHost)) -> Result<(), EngineError> {
        // One that is started again by a user, again and again, keeps nobody from going down.
        let mut asked = HashSet::new();
        let mut outcome = Ok(());
        loop {
            let mut ends = JoinSet::new();
            for view in self.list()? {
                let id = view.config.id.clone();
                if view.is_live() && asked.insert(id.clone()) {
                    let engine = self.clone();
                    ends.spawn(async move {
                        let result = engine.end_with_host(&id, STOP_TIMEOUT_MAX).await;
                        EndWithHost { id, result }
                    });
                }
            }
            if ends.is_empty() {
                return outcome;
            }
            while let Some(end) = ends.join_next().await {
                match end {
                    Ok(end) => tell(end),
                    Err(_) => {
                        outcome = Err(EngineError::Interrupted {
                            action: "end a container",
                        })
                    }
                }
            }
        }
    }
}
