//! Containers that stand still for the moment.

use std::time::Duration;

use container_launcher::control::{self, v1};

use crate::{ContainerView, Engine};

/// How long a launcher may take to answer: one that hangs must not hold up a look at its container.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

impl Engine {
    /// Why a container that runs stands still for the moment, as when the host's disk is full; `None` when it does not, and when its launcher does
    /// not say so. It is not on record: where a record goes there may be no room for it.
    pub async fn paused_because(&self, view: &ContainerView) -> Option<String> {
        if !view.is_live() {
            return None;
        }
        let asked = async {
            let mut client = control::connect(&self.paths, view.id()).await.ok()?;
            let status = client.status(v1::StatusRequest {}).await.ok()?;
            Some(status.into_inner().paused_because)
        };
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, asked).await.ok().flatten();
        answer.filter(|reason| !reason.is_empty())
    }
}
